package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate/option"
	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/healthcheck"
)

// Audit records security events in a trail that nobody can change unnoticed:
// refused requests and failed authentication, the first use of a credential,
// changes of the policy, the keys and the breakers, loaded configs, start and
// stop. No prompt and no secret is in it, and of a client's address only the
// network. `odordiff audit` verifies and reads it.
//
// A reload keeps the trail open. Other options take effect with a new segment.
type Audit struct {
	// The folder of the trail. Two gateways cannot share one. Placeholders are
	// expanded. Default: what ODORDIFF_AUDIT names, or audit in the directory that
	// ODORDIFF_STATE names.
	Folder string `json:"folder,omitempty"`

	// The file of the signing key, which is made if it is missing. Placeholders
	// are expanded. A reload cannot change it. Default: signing-key.json in the
	// folder.
	KeyFile string `json:"key_file,omitempty"`

	// The auditors who alone can read the events: each a recipient of age (age1…),
	// or the line of an SSH public key in quotes. Without any, the events are in
	// the clear.
	Recipients []string `json:"recipients,omitempty"`

	// When events are brought to the disk: each by itself, in a group that
	// gathered while the one before was brought there, or once a second. With
	// interval a loss of power can lose the last second; the end of the process
	// loses nothing in any case.
	Sync audit.Sync `json:"sync,omitempty"`

	// The size at which a segment ends.
	RotateSize *int64 `json:"rotate_size,omitempty"`

	// The age at which a segment ends. 0s means that only its size ends it.
	RotateAge *caddy.Duration `json:"rotate_age,omitempty"`

	// How long a segment is kept after its end. 0s means for ever.
	Retain *caddy.Duration `json:"retain,omitempty"`

	// How large all segments may be together. At the quota no event is recorded,
	// and nothing is deleted, so that a flood of refusals cannot wash away what
	// was before it. The last tenth is for other events than refused requests.
	// 0 means no quota.
	Quota *int64 `json:"quota,omitempty"`

	// Refuses a request with 503 if its event cannot be recorded, and makes its
	// answer wait until it is. A trail that was rolled back is not opened. By
	// default the event is counted as lost, the trail mentions the gap or the
	// rollback, and the health check audit is degraded.
	Required bool `json:"required,omitempty"`

	// How principals are named: clear, or hash for an HMAC under a key that is
	// kept with the signing key. `odordiff audit query --principal` finds both.
	Principals string `json:"principals,omitempty"`
}

const (
	principalsClear = "clear"
	principalsHash  = "hash"
)

// Options returns the options of audit.
func (c *Audit) Options() option.Table {
	const forever = 100 * 365 * 24 * time.Hour
	return option.Table{Name: "audit", Options: []*option.Option{
		option.Text("folder", &c.Folder, "<folder>").Expand().Example("/var/lib/odordiff/audit").
			DefaultMeans("what ODORDIFF_AUDIT names, or audit in the directory that ODORDIFF_STATE names"),
		option.Text("key_file", &c.KeyFile, "<file>").Expand().Example("/var/lib/odordiff/audit/signing-key.json").
			DefaultMeans("signing-key.json in the folder"),
		option.List("recipients", &c.Recipients, "<recipients...>").DefaultMeans("none: the events are in the clear").
			Accept("age1… as age-keygen prints it, or the line of an SSH public key in quotes", isRecipient).
			Example("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
		option.Text("sync", &c.Sync, "").OneOf(string(audit.SyncEach), string(audit.SyncGroup), string(audit.SyncInterval)).
			Default(string(audit.SyncGroup)),
		option.Size("rotate_size", &c.RotateSize, audit.MinSize, 1<<40).Default("64MiB"),
		option.Duration("rotate_age", &c.RotateAge, 0, forever).Default("24h"),
		option.Duration("retain", &c.Retain, 0, forever).Default("2160h"),
		option.Size("quota", &c.Quota, 0, 1<<50).Accept("0, or a size from 256KiB", quotable).Default("1GiB"),
		option.Flag("required", &c.Required),
		option.Text("principals", &c.Principals, "").OneOf(principalsClear, principalsHash).Default(principalsClear),
	}}
}

// quotable reports whether the text is a size that a quota may have.
func quotable(text string) bool {
	size, err := humanize.ParseBytes(text)
	return err == nil && (size == 0 || size >= audit.MinSize && size <= 1<<50)
}

func isRecipient(text string) bool {
	_, err := audit.ParseRecipient(text)
	return err == nil
}

// trails are the open trails by their folders.
var trails = NewPool[string]((*trail).close)

// auditing is a trail as a config uses it.
type auditing struct {
	*trail   // nil until the config starts
	options  audit.Options
	config   string // as JSON
	required bool
	hashed   bool
}

// turn is the time in which a config is the one that audits. Each has its own,
// also one without a trail.
type turn struct {
	*auditing
	// over is set when the config has ended, and so cannot have another turn.
	over bool
}

// current is the turn of the running config.
var current atomic.Pointer[turn]

// running returns how the running config audits; nil where it does not.
// Requests of an earlier config are recorded there too.
func running() *auditing {
	if now := current.Load(); now != nil {
		return now.auditing
	}
	return nil
}

// provisionAudit checks the options. The trail is opened at the start, so that
// a config can be validated while a gateway runs.
func (a *App) provisionAudit() error {
	options, err := a.Audit.trailOptions()
	if err != nil {
		return err
	}
	a.auditing = &auditing{
		options: options, config: string(caddyconfig.JSON(a.Audit, nil)),
		required: a.Audit.Required, hashed: a.Audit.Principals == principalsHash,
	}
	return nil
}

// startAudit opens the trail, or takes over the open one.
func (a *App) startAudit() error {
	options := a.auditing.options
	open, err := acquire(a, trails, options.Folder, func() (*trail, error) { return openTrail(options) })
	if errors.Is(err, audit.ErrRolledBack) {
		return fmt.Errorf("%w: find out why, then start once without required, which records that and goes on", err)
	}
	if err != nil {
		return err
	}
	if open.keyFile != options.KeyFile {
		return fmt.Errorf("key_file: a reload cannot change it from %s to %s: stop the gateway first, and move the key", open.keyFile, options.KeyFile)
	}
	a.auditing.trail = open
	a.auditing.options.Committed, a.auditing.options.Report = open.committed, open.report
	a.register(healthcheck.Check{Name: "audit", Critical: a.Audit.Required, Run: a.auditing.check})
	return RegisterMetrics(a.ctx, auditCollector{a.auditing})
}

// trailOptions returns the options of the trail.
func (c *Audit) trailOptions() (options audit.Options, err error) {
	if options.Folder, err = c.folder(); err != nil {
		return options, err
	}
	for _, text := range c.Recipients {
		recipient, err := audit.ParseRecipient(text)
		if err != nil {
			return options, fmt.Errorf("recipients: %w", err)
		}
		options.Recipients = append(options.Recipients, recipient)
	}
	if options.KeyFile, err = c.keyFile(options.Folder); err != nil {
		return options, err
	}
	options.Sync, options.Strict = c.Sync, c.Required
	options.MaxSize, options.Quota = *c.RotateSize, *c.Quota
	options.MaxAge, options.RetainAge = time.Duration(*c.RotateAge), time.Duration(*c.Retain)
	options.Signed = new(checkpoints).signed
	return options, nil
}

func (c *Audit) folder() (string, error) {
	if c.Folder != "" {
		return filepath.Abs(c.Folder)
	}
	if folder := os.Getenv("ODORDIFF_AUDIT"); folder != "" {
		return filepath.Abs(folder)
	}
	state := os.Getenv("ODORDIFF_STATE")
	if state == "" {
		return "", errors.New("folder: missing: ODORDIFF_STATE names no directory for it, such as folder /var/lib/odordiff/audit")
	}
	return filepath.Abs(filepath.Join(state, "audit"))
}

func (c *Audit) keyFile(folder string) (string, error) {
	if c.KeyFile != "" {
		return filepath.Abs(c.KeyFile)
	}
	return audit.KeyFileOf(folder), nil
}

// takeOverTrail makes the config's trail the current one, with its options,
// until the returned function is called when the config ends. A config that
// fails to start so gives it back to the one that keeps running. One that ended
// before does not get it back: what is still to be written must not go by its
// options, which may have no recipients. Caddy starts and ends configs one
// after the other.
func takeOverTrail(next *auditing) (end func()) {
	now := &turn{auditing: next}
	before := current.Swap(now)
	if before == nil {
		before = &turn{over: true}
	}
	next.apply(before.auditing)
	return func() {
		now.over = true
		switch {
		case current.Load() != now:
		case before.over:
			current.Store(&turn{over: true})
		default:
			current.Store(before)
			before.apply(next)
		}
	}
}

// apply makes the trail use this config's options, if it has used another's.
func (a *auditing) apply(before *auditing) {
	if a == nil || before == nil || a.trail != before.trail || a.config == before.config {
		return
	}
	_ = a.Change(a.options) // They were checked.
}

// checkpointEvery is how often a checkpoint is logged.
const checkpointEvery = time.Hour

// checkpoints logs checkpoints. It is used by one goroutine.
type checkpoints struct{ logged time.Time }

// signed logs a checkpoint now and then: wherever the log goes, it is kept out
// of reach of who can change the trail.
func (c *checkpoints) signed(checkpoint *audit.Checkpoint) {
	if time.Since(c.logged) < checkpointEvery {
		return
	}
	c.logged = time.Now()
	caddy.Log().Named("gate.audit").Info("checkpoint of the audit trail", zap.Stringer("checkpoint", checkpoint))
}

// warnAt is the part of the quota in per cent at which the health says so.
const warnAt = 80

// check is the health check of the trail.
func (a *auditing) check(context.Context) healthcheck.Result {
	status := a.Status()
	result := healthcheck.Result{Detail: "recording", Data: map[string]any{
		"segment": status.Segment, "bytes": status.Bytes, "recorded": status.Recorded, "lost": status.Lost,
	}}
	grave := healthcheck.Degraded
	if a.required {
		grave = healthcheck.Failed
	}
	switch {
	case status.Err != nil:
		result.Status, result.Detail = grave, status.Err.Error()
	case a.hangs():
		result.Status, result.Detail = grave, fmt.Sprintf("no event was recorded for %v", hangsAfter)
	case status.Unrecorded > 0:
		result.Status, result.Detail = healthcheck.Degraded, fmt.Sprintf("%d lost events are still to be recorded as a gap", status.Unrecorded)
	case status.Quota > 0 && status.Bytes > status.Quota/100*warnAt:
		result.Status = healthcheck.Degraded
		result.Detail = fmt.Sprintf("the segments have %s, and the quota is %s", humanize.IBytes(uint64(status.Bytes)), humanize.IBytes(uint64(status.Quota)))
		if status.Reserved {
			result.Detail += ": refused requests are not recorded any more"
		}
	case status.RolledBack != nil:
		result.Status, result.Detail = healthcheck.Degraded, status.RolledBack.Error()
	case status.Unkept != nil:
		result.Status, result.Detail = healthcheck.Degraded, status.Unkept.Error()
	case status.Retention != nil:
		result.Status, result.Detail = healthcheck.Degraded, status.Retention.Error()
	}
	return result
}

// TrailStatus returns how the audit trail fares; the zero status without one.
func (a *App) TrailStatus() audit.Status {
	if a.auditing == nil || a.auditing.trail == nil {
		return audit.Status{}
	}
	return a.auditing.Status()
}
