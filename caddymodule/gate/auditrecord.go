package gate

import (
	"context"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/redact"
)

// Record records an event that no request waits for in the audit trail of the
// running config, if it has one.
func Record(event audit.Event) {
	if a := running(); a != nil {
		a.Offer(event)
	}
}

// record records an event of a request, and reports whether it did, or soon
// will. The error is nil where the trail is not required.
func (a *auditing) record(ctx context.Context, event audit.Event) (recorded bool, err error) {
	if !a.required {
		return a.Offer(event), nil // What it loses, it counts.
	}
	err = a.Append(ctx, event)
	return err == nil, err
}

// auditRetry is when a client may try again whose event was not recorded.
const auditRetry = time.Second

// unrecorded is the refusal of a request whose event cannot be recorded.
func unrecorded(err error) *problem.Problem {
	return problem.AuditUnavailable.New("Try again later.").RetryAfter(auditRetry).Because(err)
}

// auditRefusal records a refusal. It returns the problem that the request is to
// be refused with: another one if this cannot be recorded and must be.
func auditRefusal(r *http.Request, x *exchange.Exchange, p *problem.Problem) *problem.Problem {
	a := running()
	if a == nil {
		return p
	}
	name := "request.refused"
	if p.Status == http.StatusUnauthorized {
		name = "auth.failed"
	}
	fields := append(make([]audit.Field, 0, maxRefusalFields),
		audit.Text("problem", p.Name), audit.Number("status", int64(p.Status)),
		audit.List("by", p.RefusedBy), audit.Text("client", redact.Address(x.ClientIP)))
	if x.Decision != nil {
		fields = append(fields, audit.Text("revision", x.Decision.Revision))
	}
	event := audit.Event{Name: name, Request: x.ID(), Fields: fields, Minor: true}
	a.about(&event, x.Principal)
	if _, err := a.record(r.Context(), event); err != nil {
		return unrecorded(err)
	}
	return p
}

// maxRefusalFields is how many fields a refusal's event has at most.
const maxRefusalFields = 8

// about says in an event whom it concerns.
func (a *auditing) about(event *audit.Event, who *exchange.Principal) {
	if who == nil {
		return
	}
	id, tenant := who.ID, who.Tenant
	if a.hashed {
		id = a.Pseudonym(id)
		if tenant != "" {
			tenant = a.Pseudonym(tenant)
		}
	}
	event.Principal = a.clip(id)
	event.Fields = append(event.Fields,
		audit.Text("method", who.Method), audit.Text("authority", a.clip(who.Authority)), audit.Text("tenant", a.clip(tenant)))
}

// maxText is how many bytes a text has at most that a credential says.
const maxText = 256

// clip cuts a long text off, and tells it from others that begin the same.
func (a *auditing) clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…" + a.Pseudonym(text)
}

// RecordUse records the first use of a credential by a principal since the
// trail was opened. Uses that come before the first is recorded are recorded
// too. It returns the refusal of the request if that cannot be recorded and
// must be; else nil.
func RecordUse(r *http.Request, x *exchange.Exchange) *problem.Problem {
	a, who := running(), x.Principal
	if a == nil || who == nil {
		return nil
	}
	use := use{who.ID, who.Tenant, who.Authority, who.Method}
	if a.firsts.knows(use) {
		return nil
	}
	event := audit.Event{Name: "credential.first_used", Request: x.ID(), Fields: []audit.Field{audit.Text("client", redact.Address(x.ClientIP))}}
	a.about(&event, who)
	recorded, err := a.record(r.Context(), event)
	if err != nil {
		return unrecorded(err)
	}
	if recorded {
		a.firsts.add(use)
	}
	return nil
}

// use is a principal and the method by which it authenticates.
type use struct{ id, tenant, authority, method string }

// maxFirstUses is how many uses are known. One that was not seen for as many
// others may be recorded again.
const maxFirstUses = 1 << 16

// firstUses knows the uses that were recorded, in two generations: when the
// younger is full, it becomes the older, and that is forgotten.
type firstUses struct {
	half int

	mu    sync.RWMutex
	young map[use]struct{}
	old   map[use]struct{}
}

func newFirstUses(most int) *firstUses {
	return &firstUses{half: most / 2, young: make(map[use]struct{})}
}

// knows reports whether a use was recorded.
func (f *firstUses) knows(u use) bool {
	f.mu.RLock()
	_, young := f.young[u]
	_, old := f.old[u]
	f.mu.RUnlock()
	if old && !young {
		f.add(u) // It is not forgotten with the others.
	}
	return young || old
}

// add notes that a use was recorded.
func (f *firstUses) add(u use) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.young[u]; known {
		return
	}
	if len(f.young) >= f.half {
		f.old, f.young = f.young, make(map[use]struct{})
	}
	f.young[u] = struct{}{}
}

// recordChange records that a file of keys changed, or that the change was
// refused.
func recordChange(name, path string, err error) {
	a := running()
	if a == nil {
		return
	}
	result := "in force"
	if err != nil {
		result = "refused"
	}
	a.Offer(audit.Event{Name: name, Fields: []audit.Field{
		audit.Text("name", path), audit.Text("revision", a.revision(path)), audit.Text("result", result),
	}})
}

// revision identifies what is in a file; "" if it cannot be read. It is keyed,
// so that nobody can try secrets against it.
func (a *auditing) revision(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return a.Pseudonym(string(content))
}
