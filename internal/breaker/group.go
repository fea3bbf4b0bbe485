package breaker

import "time"

// Group is how one proxy of one config gets at its breakers. It shares them with the
// groups of the same name. Its methods may be called concurrently.
type Group struct {
	registry *Registry
	name     string
	settings Settings
	serial   uint64
}

// Group returns a group for a proxy. The name may be empty. Where groups that
// share a breaker differ in settings, those of the newest group that has used it hold: were it
// the group that used it last, two proxies side by side would undo each other's.
func (r *Registry) Group(name string, s Settings) *Group {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.groups++
	return &Group{registry: r, name: name, settings: s, serial: r.groups}
}

// Breaker returns the breaker of the upstream, making it on first use. Ask for it with
// every attempt: a breaker that nothing uses may be forgotten.
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

// entry returns the upstream's entry, making it where there is none. The registry's lock is held.
func (g *Group) entry(upstream string) *entry {
	r, k := g.registry, key{g.name, upstream}
	if e, ok := r.breakers[k]; ok {
		return e
	}
	r.dropIdle(time.Now())
	e := &entry{Breaker: New(k.String(), g.settings, r.tell), configured: g.serial}
	r.breakers[k] = e
	return e
}
