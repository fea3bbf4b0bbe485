package api

import (
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/job"
)

// The bodies of answers about jobs.
type (
	jobAnswer struct {
		RequestID string   `json:"request_id"`
		Job       jobState `json:"job"`
	}
	jobsAnswer struct {
		RequestID string     `json:"request_id"`
		Jobs      []jobState `json:"jobs"`
		// Next is what to give as before for the next page; it is absent on the
		// last one.
		Next string `json:"next,omitempty"`
	}
	jobState struct {
		ID       string    `json:"id"`
		State    job.State `json:"state"`
		Priority string    `json:"priority"`
		Created  string    `json:"created"`
		Finished string    `json:"finished,omitempty"`
		Expires  string    `json:"expires"`
		// Progress is the share of prompts that need no more work, 0 to 1.
		Progress  float64 `json:"progress"`
		Total     int     `json:"total"`
		Waiting   int     `json:"waiting"`
		Running   int     `json:"running"`
		Done      int     `json:"done"`
		Failed    int     `json:"failed"`
		Cancelled int     `json:"cancelled"`
		Results   string  `json:"results"` // their address
	}
)

func newJob(j job.Job) jobState {
	state := jobState{
		ID:        j.ID,
		State:     j.State,
		Priority:  priorities[min(max(j.Priority, 0), len(priorities)-1)],
		Created:   timestamp(j.Created),
		Expires:   timestamp(j.Expires),
		Progress:  round(float64(j.Total-j.Waiting-j.Running)/float64(max(1, j.Total)), 4),
		Total:     j.Total,
		Waiting:   j.Waiting,
		Running:   j.Running,
		Done:      j.Done,
		Failed:    j.Failed,
		Cancelled: j.Dropped,
		Results:   "/api/v1/jobs/" + j.ID + "/results",
	}
	if !j.Finished.IsZero() {
		state.Finished = timestamp(j.Finished)
	}
	return state
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// How many jobs a page of the list has.
const (
	mostListed    = 100
	defaultListed = 20
)

// jobs answers GET /api/v1/jobs: the client's own, the newest first.
func (a *api) jobs(w http.ResponseWriter, r *http.Request) error {
	records, principal, err := a.asked(r)
	if err != nil {
		return err
	}
	q := readQuery(r)
	limit := q.integerOr("limit", 1, mostListed, defaultListed)
	before, _ := q.take("before")
	if err := q.done(); err != nil {
		return err
	}
	ctx, cancel := briefly(r)
	defer cancel()
	listed, err := records.Jobs.List(ctx, principal, before, limit)
	if err != nil {
		return recordsRefusal(err)
	}
	answer := jobsAnswer{RequestID: requestID(ctx), Jobs: make([]jobState, len(listed))}
	for i, j := range listed {
		answer.Jobs[i] = newJob(j)
	}
	if len(listed) == limit {
		answer.Next = listed[limit-1].ID
	}
	return writeState(w, http.StatusOK, answer)
}

// job answers GET and DELETE /api/v1/jobs/{id}: how it stands, or its end.
func (a *api) job(w http.ResponseWriter, r *http.Request) error {
	records, principal, err := a.asked(r)
	if err != nil {
		return err
	}
	if err := readQuery(r).done(); err != nil {
		return err
	}
	ctx, cancel := briefly(r)
	defer cancel()
	ask := records.Jobs.Job
	if r.Method == http.MethodDelete {
		ask = records.Jobs.Cancel
	}
	found, err := ask(ctx, principal, r.PathValue("id"))
	if err != nil {
		return recordsRefusal(err)
	}
	return writeState(w, http.StatusOK, jobAnswer{requestID(ctx), newJob(found)})
}
