package breaker

import "time"

// Group is how one proxy of one config gets at its breakers. It shares them with the
// groups of the same name. Its methods may be called concurrently.
type Group struct {
	registry *Registry
	name     string
	settings Settings
	serial   uint64

	// Guarded by the registry's lock.
	held   []key
	closed bool
}

// Group returns a group for a proxy; close it when the proxy is gone. The name may be empty.
// Where groups that share a breaker differ in settings, those of the newest group that has
// used it hold: were it the group that used it last, two proxies side by side would undo
// each other's.
func (r *Registry) Group(name string, s Settings) *Group {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups++
	return &Group{registry: r, name: name, settings: s, serial: r.groups}
}

// Hold keeps the breaker of the upstream from being forgotten until the group is closed,
// making it if there is none. It is for upstreams that are known beforehand: a config that holds
// them before the one it replaces is closed takes their breakers over.
func (g *Group) Hold(upstream string) {
	r := g.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	g.entry(upstream).holds++
	g.held = append(g.held, key{g.name, upstream})
}

// Breaker returns the breaker of the upstream, making it on first use. Ask for it with
// every attempt: where the group does not hold it, it is forgotten when nothing has
// used it for ten minutes, open or not.
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

// Close forgets the breakers that only this group has held. Requests that are still at
// work may use the group, but leave nothing behind.
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

// entry returns the upstream's entry, making it where there is none. The registry's lock is held.
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
