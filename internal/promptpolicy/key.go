package promptpolicy

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/odordiff/odordiff/internal/exchange"
)

// maxKeyBytes is how long a key may be that is worth remembering.
const maxKeyBytes = 2 << 10

// key writes parts of an input so that equal bytes mean equal parts.
type key struct {
	bytes []byte
	// unfit is true where the key is too long, or has a value whose equality is
	// not plain.
	unfit bool
}

func (k *key) reset() { k.bytes, k.unfit = k.bytes[:0], false }

// full reports whether nothing more need be written, because the key will not
// be remembered. Whatever writes a list asks it at each item.
func (k *key) full() bool {
	k.unfit = k.unfit || len(k.bytes) > maxKeyBytes
	return k.unfit
}

var keys = sync.Pool{New: func() any { return &key{bytes: make([]byte, 0, maxKeyBytes)} }}

// release gives a key back for another evaluation.
func (k *key) release() {
	if cap(k.bytes) <= 4*maxKeyBytes {
		keys.Put(k)
	}
}

// The kinds of values in a key. A string, a number and a list begin with their
// length, so that no two inputs run together.
const (
	isUndefined byte = iota
	isNull
	isFalse
	isTrue
	isString
	isNumber
	isFloat
	isArray
	isObject
)

func (k *key) kind(kind byte, length int) {
	k.bytes = binary.AppendUvarint(append(k.bytes, kind), uint64(length))
}

func (k *key) text(s string) {
	k.kind(isString, len(s))
	k.append(s)
}

func (k *key) append(s string) {
	if len(k.bytes)+len(s) > maxKeyBytes {
		k.unfit = true
		return
	}
	k.bytes = append(k.bytes, s...)
}

func (k *key) flag(b bool) {
	kind := isFalse
	if b {
		kind = isTrue
	}
	k.bytes = append(k.bytes, kind)
}

func (k *key) textOrNull(s string) {
	if s == "" {
		k.bytes = append(k.bytes, isNull)
		return
	}
	k.text(s)
}

// part writes what the part of the input is, as [Input.document] would have it.
func (k *key) part(e *evaluation, in *Input, p part) {
	rest := p[1:]
	switch p[0] {
	case "complete":
		k.leaf(rest, func() { k.bytes = append(k.bytes, isTrue) })
	case "phase":
		k.leaf(rest, func() { k.text("request") })
	case "request":
		k.request(&in.Request, rest)
	case "principal":
		k.principal(in.Principal, rest)
	case "body":
		k.value(in.Body, rest)
	case "prompts":
		k.leaf(rest, func() { k.prompts(in.Prompts) })
	case "signals":
		e.program.reader.part(k, e.sight, rest)
	case "found":
		k.unfit = true // hardly any two are equal
	case "items":
		k.leaf(rest, func() { k.kind(isNumber, in.items) })
	case "limits":
		k.leaf(rest, func() { k.limits(in.Limits) })
	case "served_by":
		k.leaf(rest, func() { k.textOrNull(in.ServedBy) })
	default:
		k.bytes = append(k.bytes, isUndefined)
	}
}

// leaf writes a value that has no named parts.
func (k *key) leaf(rest part, write func()) {
	if len(rest) > 0 {
		k.bytes = append(k.bytes, isUndefined)
		return
	}
	write()
}

func (k *key) request(r *Request, rest part) {
	fields := [...]string{r.ID, r.Method, r.Path, r.ClientIP}
	if len(rest) == 0 {
		for _, field := range fields {
			k.text(field)
		}
		return
	}
	at := slices.Index([]string{"id", "method", "path", "client_ip"}, rest[0])
	if at < 0 || len(rest) > 1 {
		k.bytes = append(k.bytes, isUndefined)
		return
	}
	k.text(fields[at])
}

func (k *key) principal(p *exchange.Principal, rest part) {
	switch {
	case p == nil && len(rest) == 0:
		k.bytes = append(k.bytes, isNull)
	case p == nil:
		k.bytes = append(k.bytes, isUndefined)
	case len(rest) == 0:
		for _, field := range []string{p.ID, p.Tenant, p.Method} {
			k.text(field)
		}
		k.texts(p.Scopes)
		k.object(p.Claims)
	case rest[0] == "id":
		k.leaf(rest[1:], func() { k.text(p.ID) })
	case rest[0] == "tenant":
		k.leaf(rest[1:], func() { k.text(p.Tenant) })
	case rest[0] == "method":
		k.leaf(rest[1:], func() { k.text(p.Method) })
	case rest[0] == "scopes":
		k.leaf(rest[1:], func() { k.texts(p.Scopes) })
	case rest[0] == "claims":
		k.value(p.Claims, rest[1:])
	default:
		k.bytes = append(k.bytes, isUndefined)
	}
}

func (k *key) texts(list []string) {
	k.kind(isArray, len(list))
	for _, s := range list {
		if k.text(s); k.full() {
			return
		}
	}
}

func (k *key) prompts(prompts []exchange.Prompt) {
	k.kind(isArray, len(prompts))
	for i := range prompts {
		k.text(prompts[i].Path)
		k.text(prompts[i].Text)
		if k.text(prompts[i].Normalised); k.full() {
			return
		}
	}
}

func (k *key) limits(limits []exchange.LimitState) {
	k.kind(isArray, len(limits))
	for _, limit := range limits {
		k.text(limit.Name)
		k.kind(isNumber, 0)
		if k.bytes = binary.AppendVarint(k.bytes, limit.Remaining); k.full() {
			return
		}
	}
}

// value writes a part of parsed JSON.
func (k *key) value(value any, rest part) {
	for _, name := range rest {
		members, _ := value.(map[string]any) // what is no object has no members
		member, ok := members[name]
		if !ok {
			k.bytes = append(k.bytes, isUndefined)
			return
		}
		value = member
	}
	k.whole(value)
}

func (k *key) whole(value any) {
	switch value := value.(type) {
	case nil:
		k.bytes = append(k.bytes, isNull)
	case bool:
		k.flag(value)
	case string:
		k.text(value)
	case json.Number:
		k.kind(isNumber, len(value))
		k.append(string(value))
	case float64:
		k.bytes = binary.BigEndian.AppendUint64(append(k.bytes, isFloat), math.Float64bits(value))
	case []any:
		k.kind(isArray, len(value))
		for _, item := range value {
			if k.whole(item); k.full() {
				return
			}
		}
	case map[string]any:
		k.object(value)
	default:
		k.unfit = true
	}
}

func (k *key) object(members map[string]any) {
	k.kind(isObject, len(members))
	if len(members) > maxKeyBytes { // no key has room for so many
		k.unfit = true
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		k.text(name)
		if k.whole(members[name]); k.full() {
			return
		}
	}
}
