package api

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/inference/odor"
)

// Limits on a batch.
const (
	// maxBatch is how many prompts it has at most.
	maxBatch = 1000
	// maxBatchBody is the largest body, in bytes.
	maxBatchBody = 1 << 20
	// maxKey is the longest idempotency key, in bytes.
	maxKey = 128
)

// priorities are those of a client's own jobs, the least first.
var priorities = []string{"low", "normal", "high"}

const normalPriority = 1

// batch answers POST /api/v1/generate/batch.
func (a *api) batch(w http.ResponseWriter, r *http.Request) error {
	records, principal, err := a.asked(r)
	if err != nil {
		return err
	}
	submission, err := a.readBatch(w, r)
	if err != nil {
		return err
	}
	submission.Principal = principal
	ctx, cancel := briefly(r)
	defer cancel()
	submitted, err := records.Jobs.Submit(ctx, submission)
	if err != nil {
		return recordsRefusal(err)
	}
	w.Header().Set("Location", "/api/v1/jobs/"+submitted.ID)
	return writeState(w, http.StatusAccepted, jobAnswer{requestID(ctx), newJob(submitted)})
}

// readBatch reads a batch. What is wrong with it is a problem.
func (a *api) readBatch(w http.ResponseWriter, r *http.Request) (job.Submission, error) {
	body, err := readBody(w, r, maxBatchBody)
	if err != nil {
		return job.Submission{}, err
	}
	o, err := newObject(body)
	if err != nil {
		return job.Submission{}, err
	}
	submission, err := parseBatch(o, a.vocabulary, a.names, a.minSafety, r.Header.Get("Idempotency-Key"))
	if err != nil {
		return job.Submission{}, err
	}
	submission.Digest, err = digestOf(body)
	return submission, err
}

// digestOf is the same for bodies that say the same.
func digestOf(body []byte) ([]byte, error) {
	canonical := jsontext.Value(slices.Clone(body))
	if err := canonical.Canonicalize(); err != nil {
		return nil, malformed(err)
	}
	sum := sha256.Sum256(canonical)
	return sum[:], nil
}

func parseBatch(o *object, vocabulary *odor.Vocabulary, engines []string, minSafety float64, key string) (job.Submission, error) {
	if len(key) > maxKey || key != "" && !isSafeID(key) {
		o.add(fieldError{Field: "Idempotency-Key", Message: fmt.Sprintf("must have 1 to %d letters, digits, -, _ or .", maxKey)})
	}
	submission := job.Submission{Key: key, Payloads: o.prompts(), Priority: o.priority()}
	// What is left is what a request for one prompt has beside it. It is kept as
	// it is, and read again with each prompt.
	shared, err := json.Marshal(o.fields, json.Deterministic(true))
	if err != nil {
		return job.Submission{}, err
	}
	submission.Shared = shared
	o.generation(vocabulary, engines, minSafety)
	return submission, o.done()
}

// prompts takes the prompts of a batch.
func (o *object) prompts() [][]byte {
	if _, ok := o.fields["prompts"]; !ok {
		o.fail("prompts", "is missing")
		return nil
	}
	items := o.list("prompts", maxBatch)
	prompts := make([][]byte, len(items))
	for i, item := range items {
		text, ok := stringOf(item)
		field := fmt.Sprintf("%s/%d", o.pointer("prompts"), i)
		switch n := utf8.RuneCountInString(text); {
		case !ok:
			o.add(fieldError{Field: field, Message: "must be a string"})
		case n < 1 || n > maxPrompt:
			o.add(fieldError{Field: field, Message: fmt.Sprintf("must have 1 to %d characters, has %d", maxPrompt, n)})
		}
		prompts[i] = []byte(text)
	}
	return prompts
}

func (o *object) priority() int {
	name := o.choice("priority", priorities)
	if name == "" {
		return normalPriority
	}
	return slices.Index(priorities, name)
}
