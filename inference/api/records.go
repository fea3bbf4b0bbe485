package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/feedback"
	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/inference/store"
	"github.com/odordiff/odordiff/internal/problem"
)

// Records is what outlives a request.
type Records struct {
	Jobs job.Queue
	// Feedback is nil where it is not kept, and NoFeedback says why.
	Feedback   *feedback.Book
	NoFeedback error
	// Trouble returns what is wrong at the moment, nil for nothing.
	Trouble func() error
}

// ErrNoRecords says that a server keeps no records.
var ErrNoRecords = errors.New("this server keeps no records")

// Times that clients are told to wait.
const (
	retryRecords = 5 * time.Second
	retryShare   = 30 * time.Second
	retryKept    = time.Hour
)

// recorded returns where records are kept, or the problem that says why they
// are not.
func (a *api) recorded() (*Records, error) {
	records, err := a.records()
	if err != nil {
		return nil, notRecorded("jobs and no feedback", err)
	}
	return records, nil
}

// notRecorded is the problem that a kind of record is not kept.
func notRecorded(what string, err error) error {
	if errors.Is(err, ErrNoRecords) {
		return problem.RecordsUnavailable.New("this server keeps no " + what).Because(err)
	}
	return unavailable(err)
}

func unavailable(err error) error {
	return problem.RecordsUnavailable.New("jobs and feedback cannot be kept at the moment; try again").RetryAfter(retryRecords).Because(err)
}

// recordsRefusal tells the client why a record was not kept or not found.
func recordsRefusal(err error) error {
	_, broken := errors.AsType[*store.Error](err)
	switch {
	case broken, errors.Is(err, store.ErrClosed), errors.Is(err, job.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return unavailable(err)
	case errors.Is(err, job.ErrNotFound):
		return problem.NotFound.New("you have no such job").Because(err)
	case errors.Is(err, job.ErrReused):
		return problem.KeyReused.New("the Idempotency-Key was sent with another body before; make a new key for it").Because(err)
	case errors.Is(err, job.ErrShareFull):
		return tooMuch("too many of your prompts are waiting; try again when some are done", "open-prompts").RetryAfter(retryShare)
	case errors.Is(err, job.ErrTooManyJobs):
		return tooMuch("as many of your jobs are kept as may be; each is forgotten at the time in its expires", "kept-jobs").RetryAfter(retryKept)
	case errors.Is(err, feedback.ErrTooMany):
		return tooMuch("you have rated as many molecules as you may", "rated-molecules")
	case errors.Is(err, job.ErrFull):
		return problem.RecordsUnavailable.New("too many prompts are waiting; try again").RetryAfter(retryShare).Because(err)
	}
	return refusal(err)
}

func tooMuch(detail, limit string) *problem.Problem {
	return problem.QuotaExceeded.New(detail).With("violated-policies", []string{limit}).By(limit)
}

// ErrOpening says that records are not open yet.
var ErrOpening = errors.New("the records are being opened")

// recordsHealth is the state of the records, and why it is not "ok".
func (a *api) recordsHealth() (state, detail string) {
	records, err := a.records()
	if err == nil {
		err = records.Trouble()
	}
	switch {
	case err == nil:
		return "ok", ""
	case errors.Is(err, ErrNoRecords):
		return "off", ""
	case errors.Is(err, ErrOpening):
		return "opening", ""
	}
	return "degraded", err.Error()
}

// localPrincipal is whose requests are that come without a gateway. No gateway
// names it: no field has a line break.
const localPrincipal = "\nlocal"

// principalOf is whose request it is, as the gateway says: it drops the fields
// of these names that a client sends. A name is unique within its tenant and
// among those for whom one authority vouches.
func principalOf(header http.Header) string {
	name := header.Get("Gate-Principal")
	if name == "" {
		return localPrincipal
	}
	principal := name
	for _, field := range []string{"Gate-Tenant", "Gate-Authority"} {
		if within := header.Get(field); within != "" {
			principal = field + " " + within + "\n" + principal
		}
	}
	return principal
}

// asked returns the records, and whose request it is.
func (a *api) asked(r *http.Request) (records *Records, principal string, err error) {
	records, err = a.recorded()
	return records, principalOf(r.Header), err
}

// recordTimeout is how long a request waits for the records.
const recordTimeout = 10 * time.Second

func briefly(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), recordTimeout)
}
