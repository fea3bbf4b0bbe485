package policy

import (
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/promptpolicy"
)

// placeholderPrefix begins the placeholders of tags: {gate.policy.tags.NAME}.
const placeholderPrefix = "gate.policy.tags."

// carryOut does what a decision obliges the gateway to, and returns the writer
// to respond to.
func carryOut(w http.ResponseWriter, r *http.Request, d *promptpolicy.Decision) http.ResponseWriter {
	emptyTags(r)
	fields := http.Header{}
	for _, o := range d.Obligations {
		switch {
		case o.Type == promptpolicy.TagObligation:
			tag(r, o)
		case o.Target == promptpolicy.OnUpstream:
			r.Header.Set(o.Name, o.Value)
		case o.Target == promptpolicy.OnResponse:
			fields.Set(o.Name, o.Value)
		}
	}
	if len(d.Labels) > 0 {
		logField(r, zap.Strings("policy_labels", d.Labels))
	}
	if len(fields) == 0 {
		return w
	}
	return &fieldWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}, fields: fields}
}

// tag makes a value available to later handlers and to the access log.
func tag(r *http.Request, o promptpolicy.Obligation) {
	if repl, ok := replacer(r); ok {
		repl.Set(placeholderPrefix+o.Name, o.Value)
	}
	logField(r, zap.String("policy_tag_"+o.Name, o.Value))
}

// emptyTags makes the placeholders of tags that a request does not have empty,
// rather than unknown and so written out literally.
func emptyTags(r *http.Request) {
	repl, ok := replacer(r)
	if !ok {
		return
	}
	repl.Map(func(key string) (any, bool) {
		return "", strings.HasPrefix(key, placeholderPrefix)
	})
}

func replacer(r *http.Request) (*caddy.Replacer, bool) {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	return repl, ok
}

func logField(r *http.Request, field zap.Field) {
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Set(field)
	}
}

// fieldWriter sets header fields in the last moment, so that those of the
// upstream do not stand in their place.
type fieldWriter struct {
	*caddyhttp.ResponseWriterWrapper
	fields http.Header
	wrote  bool
}

// WriteHeader sets the fields on the final response, not on the informational ones.
func (w *fieldWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.set()
	}
	w.ResponseWriterWrapper.WriteHeader(status)
}

// Write sets the fields where the header was not written explicitly.
func (w *fieldWriter) Write(p []byte) (int, error) {
	w.set()
	return w.ResponseWriterWrapper.Write(p)
}

// ReadFrom is like Write.
func (w *fieldWriter) ReadFrom(r io.Reader) (int64, error) {
	w.set()
	return w.ResponseWriterWrapper.ReadFrom(r)
}

// FlushError sets the fields, because flushing writes the header.
func (w *fieldWriter) FlushError() error {
	w.set()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *fieldWriter) set() {
	if w.wrote {
		return
	}
	w.wrote = true
	maps.Copy(w.Header(), w.fields)
}

// Interface guards
var (
	_ http.ResponseWriter = (*fieldWriter)(nil)
	_ io.ReaderFrom       = (*fieldWriter)(nil)
)
