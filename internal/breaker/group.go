package breaker

import "time"

// Group gives one proxy of one config access to its breakers. Groups of the
// same name share their breakers. Its methods may be called concurrently.
type Group struct {
	registry *Registry
	name     string
	settings Settings
	serial   uint64

	// Guarded by the registry's lock.
	held   []key
	closed bool
}

// Group returns a group for a proxy; close it when the proxy is gone. The name
// may be empty. If groups that share a breaker have different settings, the
// newest group that has used the breaker decides. If the last one to use it
// decided, two proxies side by side would keep overwriting each other's
// settings.
func (r *Registry) Group(name string, s Settings) *Group {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups++
	return &Group{registry: r, name: name, settings: s, serial: r.groups}
}

// Hold keeps the upstream's breaker until the group is closed, and makes it if
// there is none. It is for upstreams that are known beforehand. A new config
// that holds them before the old config is closed takes over their breakers.
func (g *Group) Hold(upstream string) {
	r := g.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	g.entry(upstream).holds++
	g.held = append(g.held, key{g.name, upstream})
}

// Breaker returns the breaker of the upstream, making it on first use. Ask for
// it at every attempt and do not keep it: a breaker that no group holds is
// forgotten after ten minutes without use.
func (g *Group) Breaker(upstream string) *Breaker {
	r := g.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	e := g.entry(upstream)
	if e.configured < g.serial {
		e.configured = g.serial
		e.Configure(g.settings)
	}
	return e.Breaker
}

// Close forgets the breakers that only this group holds. Requests that are
// still running may go on using the group; nothing of theirs is kept.
func (g *Group) Close() {
	r := g.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range g.held {
		e := r.breakers[k]
		if e.holds--; e.holds == 0 {
			r.drop(k, e)
		}
	}
	g.held, g.closed = nil, true
}

// entry returns the upstream's entry, making it where there is none. The
// registry's lock is held.
func (g *Group) entry(upstream string) *entry {
	r, k := g.registry, key{g.name, upstream}
	if e, ok := r.breakers[k]; ok {
		return e
	}
	e := &entry{Breaker: New(k.String(), g.settings, r.tell), configured: g.serial}
	if g.closed {
		e.retire()
		return e
	}
	r.dropIdle(time.Now())
	r.breakers[k] = e
	return e
}
