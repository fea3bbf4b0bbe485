package gate

import (
	"errors"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/override"
	"github.com/odordiff/odordiff/internal/redact"
)

// limitEvent is a change of a limit through the admin API.
type limitEvent struct {
	name       string
	target     override.Target
	from, to   string
	until      time.Time // zero where nothing ends
	reason, by string
}

// recordLimit makes a change, and records it: in the audit trail before it is
// made, so that a trail that is required has every change, and in the log
// afterwards. The trail also says if the change then fails.
func (a *App) recordLimit(r *http.Request, e limitEvent, make func() error) error {
	if err := e.audit(r, ""); err != nil {
		return apiError(http.StatusServiceUnavailable, "nothing was changed, because the audit trail cannot record it: %w", err)
	}
	logger := a.logger.Named("limits").With(e.fields()...)
	if err := make(); err != nil {
		logger.Error("a limit could not be changed", zap.Error(err))
		return errors.Join(err, e.audit(r, "failed"))
	}
	logger.Info("a limit was changed")
	return nil
}

// fields are what the log says of the change.
func (e limitEvent) fields() []zap.Field {
	fields := []zap.Field{
		zap.String("event", e.name), zap.String("limit", e.target.Limit), zap.String("window", override.Span(e.target.Window)),
		zap.String("from", e.from), zap.String("to", e.to),
	}
	for name, text := range map[string]string{"hash": hashOf(e.target), "reason": e.reason, "by": e.by} {
		if text != "" {
			fields = append(fields, zap.String(name, text))
		}
	}
	if !e.until.IsZero() {
		fields = append(fields, zap.Time("until", e.until))
	}
	return fields
}

// audit records the change in the trail of the running config, if it has one.
// The error is nil where the trail is not required. The result is empty for a
// change that is about to be made.
func (e limitEvent) audit(r *http.Request, result string) error {
	a := running()
	if a == nil {
		return nil
	}
	event := audit.Event{Name: e.name, Fields: []audit.Field{
		audit.Text("limit", e.target.Limit), audit.Text("window", override.Span(e.target.Window)), audit.Text("hash", hashOf(e.target)),
		audit.Text("from", e.from), audit.Text("to", e.to), audit.Text("reason", e.reason), audit.Text("by", e.by),
		audit.Text("client", clientOf(r)), audit.Text("result", result),
	}}
	if !e.until.IsZero() {
		event.Fields = append(event.Fields, audit.Text("until", e.until.UTC().Format(time.RFC3339)))
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		event.Principal = a.clip(r.TLS.PeerCertificates[0].Subject.String())
	}
	_, err := a.record(r.Context(), event)
	return err
}

// clientOf is the network that a request to the admin API came from; empty for
// a socket of this machine.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return redact.Address(host)
}
