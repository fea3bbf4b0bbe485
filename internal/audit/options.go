package audit

import (
	"errors"
	"fmt"
	"time"

	"filippo.io/age"
)

// Sync says when what was written is brought to the disk.
type Sync string

// The policies.
const (
	// SyncEach brings each event to the disk by itself before it is acknowledged.
	SyncEach Sync = "each"
	// SyncGroup brings events to the disk before they are acknowledged, all that
	// gathered meanwhile with one sync.
	SyncGroup Sync = "group"
	// SyncInterval acknowledges what the system has taken over, and brings it to
	// the disk once an interval: the end of the process loses nothing, a loss of
	// power at most an interval.
	SyncInterval Sync = "interval"
)

// The defaults of [Options].
const (
	DefaultMaxGroup     = 1024
	DefaultMaxWaiting   = 8192
	DefaultGather       = 20 * time.Millisecond
	DefaultSyncInterval = time.Second
	DefaultMaxSize      = 64 << 20
	DefaultSignAfter    = 1000
	DefaultSignInterval = 10 * time.Second
	DefaultRetry        = time.Second
	// MinSize is the least that a segment and a quota may have: enough for the
	// first record and the longest event.
	MinSize = 256 << 10
)

// Options are how a trail is kept. A zero selects the default, and where none
// is named, no bound.
type Options struct {
	// Folder holds the segments. It is made if it is missing.
	Folder string
	// KeyFile holds the signing key. It is made if it is missing. Default:
	// signing-key.json in the folder.
	KeyFile string
	// Recipients are who can read the events. Without any, they are not encrypted.
	Recipients []age.Recipient

	// Strict makes Open refuse a trail that was rolled back, with
	// [ErrRolledBack]. Otherwise the trail records that, and [Status] tells of it.
	Strict bool

	// Sync is when events are brought to the disk. Default: SyncGroup.
	Sync Sync
	// MaxGroup is how many events a group has at most. Default: DefaultMaxGroup.
	MaxGroup int
	// MaxWaiting is how many events may wait for the disk. Default:
	// DefaultMaxWaiting.
	MaxWaiting int
	// Delay is how long the first event of a group waits for others. Without it,
	// a group is what gathered while the one before was brought to the disk.
	Delay time.Duration
	// Gather is how long events wait for each other that nobody waits for: a sync
	// costs much more than an event. Default: DefaultGather.
	Gather time.Duration
	// SyncInterval is the interval of SyncInterval. Default: DefaultSyncInterval.
	SyncInterval time.Duration

	// MaxSize and MaxAge are how many bytes and how much time a segment holds. A
	// group is never divided. Default: DefaultMaxSize, and no bound of the age.
	MaxSize int64
	MaxAge  time.Duration
	// RetainCount and RetainAge are how many closed segments are kept, and how
	// long after they were closed. What is over either is deleted.
	RetainCount int
	RetainAge   time.Duration
	// Quota is how many bytes all segments may have together. At the quota no
	// event is recorded, and nothing is deleted: a flood of events must not wash
	// away what was before it. The last tenth is not for minor events.
	Quota int64

	// SignAfter and SignInterval are after how many records and after which time
	// the trail is signed. Defaults: DefaultSignAfter, DefaultSignInterval.
	SignAfter    int
	SignInterval time.Duration

	// Retry is how long a trail that fails waits before it tries again. Default:
	// DefaultRetry.
	Retry time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Report is called when the trail begins to fail, with the error, and with nil
	// when it works again.
	Report func(error)
	// Signed is called for each signature, with what it signs.
	Signed func(*Checkpoint)
	// Committed is called for each group, with the number of its events and how
	// long it took to write and sync them.
	Committed func(events int, took time.Duration)
}

// withDefaults returns the options without zeros, or an error for those that no
// trail can have.
func (o Options) withDefaults() (Options, error) {
	if o.Folder == "" {
		return o, errors.New("a trail needs a folder")
	}
	setDefault(&o.KeyFile, KeyFileOf(o.Folder))
	setDefault(&o.Sync, SyncGroup)
	setDefault(&o.MaxGroup, DefaultMaxGroup)
	setDefault(&o.MaxWaiting, DefaultMaxWaiting)
	if o.Sync == SyncEach {
		o.MaxGroup = 1
	}
	setDefault(&o.Gather, DefaultGather)
	setDefault(&o.SyncInterval, DefaultSyncInterval)
	setDefault(&o.MaxSize, DefaultMaxSize)
	setDefault(&o.SignAfter, DefaultSignAfter)
	setDefault(&o.SignInterval, DefaultSignInterval)
	setDefault(&o.Retry, DefaultRetry)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Report == nil {
		o.Report = func(error) {}
	}
	if o.Signed == nil {
		o.Signed = func(*Checkpoint) {}
	}
	if o.Committed == nil {
		o.Committed = func(int, time.Duration) {}
	}
	return o, o.check()
}

func (o Options) check() error {
	switch o.Sync {
	case SyncEach, SyncGroup, SyncInterval:
	default:
		return fmt.Errorf("sync %q: it is each, group or interval", o.Sync)
	}
	if o.MaxSize < MinSize || o.Quota != 0 && o.Quota < MinSize {
		return fmt.Errorf("a segment and a quota have at least %d bytes", MinSize)
	}
	return nil
}

func setDefault[T comparable](option *T, value T) {
	if *option == *new(T) {
		*option = value
	}
}

// maxUnsigned is how many records may follow each other without a signature: up
// to SignAfter, then a group with a step of the clock before each event, and a
// gap. A group may be of earlier options.
func (o Options) maxUnsigned() int {
	return o.SignAfter + 2*max(o.MaxGroup, DefaultMaxGroup) + 1
}
