package gate

import "github.com/caddyserver/caddy/v2"

// Pool keeps values that outlive a reload: while one config uses the value of a
// key, every other one that asks for the key gets the same value. It is a typed
// [caddy.UsagePool]. [NewPool] makes one.
type Pool[K comparable, V any] struct {
	values *caddy.UsagePool
	end    func(V) error
}

// NewPool returns an empty pool. It calls end with each value that is no longer
// used; end may be nil if nothing has to be done.
func NewPool[K comparable, V any](end func(V) error) *Pool[K, V] {
	return &Pool[K, V]{values: caddy.NewUsagePool(), end: end}
}

// Acquire returns the value of the key, and reports whether it was in use
// already. If it was not, open makes it; the error is that of open. Without an
// error, the caller must release the key once.
func (p *Pool[K, V]) Acquire(key K, open func() (V, error)) (value V, shared bool, err error) {
	kept, shared, err := p.values.LoadOrNew(key, func() (caddy.Destructor, error) {
		value, err := open()
		return pooled[V]{value, p.end}, err
	})
	if err != nil {
		return value, false, err
	}
	return kept.(pooled[V]).value, shared, nil
}

// Release ends one use of the key's value. The last release ends the value
// itself, and returns the error of doing so.
func (p *Pool[K, V]) Release(key K) error {
	_, err := p.values.Delete(key)
	return err
}

// Each calls the function with each value that is in use.
func (p *Pool[K, V]) Each(do func(V)) {
	p.values.Range(func(_, kept any) bool {
		do(kept.(pooled[V]).value)
		return true
	})
}

// pooled is a value in a pool.
type pooled[V any] struct {
	value V
	end   func(V) error
}

// Destruct implements caddy.Destructor.
func (p pooled[V]) Destruct() error {
	if p.end == nil {
		return nil
	}
	return p.end(p.value)
}
