package promptpolicy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/metrics"
	"time"
)

const (
	// trialVariable marks the process of a trial.
	trialVariable = "GATE_POLICY_TRIAL"
	// tooMuchMemory is the exit status of a trial that took more.
	tooMuchMemory = 9
)

// limits bound a trial.
type limits struct {
	Time   time.Duration `json:"time"`
	Memory uint64        `json:"memory"` // in bytes
}

// usual are the limits of a trial. The tests of a policy may take 20 seconds of
// the time.
var usual = limits{Time: 30 * time.Second, Memory: 512 << 20}

// task is what a trial does with a policy.
type task string

const (
	taskAdmit    task = "admit"
	taskTest     task = "test"
	taskEvaluate task = "evaluate"
)

// question is what the process of a trial is asked.
type question struct {
	Task   task              `json:"task"`
	Files  map[string][]byte `json:"files"`
	Limits limits            `json:"limits"`
	// Must is for admitting; of it, only the timeout counts for evaluating.
	Must Conditions `json:"must"`
	// Document is what to evaluate.
	Document any `json:"document,omitempty"`
}

// verdict is what it answers.
type verdict struct {
	Faults  Faults `json:"faults,omitempty"`
	Overdue bool   `json:"overdue,omitempty"`
	// Tests are those that an admitted policy passed.
	Tests []string `json:"tests,omitempty"`
	// Results are those of testing.
	Results []TestResult `json:"results,omitempty"`
	// Decision is that of evaluating, or Undecided says why there is none.
	Decision  *Decision     `json:"decision,omitempty"`
	Undecided string        `json:"undecided,omitempty"`
	Took      time.Duration `json:"took,omitempty"`
}

// AdmitApart is [Admit] in a process of its own, which is ended if the trial
// takes more than 30 seconds or 512 MiB. Nothing else ends a rule that keeps a
// processor busy within one function, or fills the memory. The program must
// call [ServeTrial] when it starts.
func AdmitApart(ctx context.Context, snap *Snapshot, must Conditions) (*Policy, error) {
	return admitApart(ctx, snap, must, usual)
}

func admitApart(ctx context.Context, snap *Snapshot, must Conditions, most limits) (*Policy, error) {
	answer, err := apart(ctx, question{Task: taskAdmit, Files: snap.files, Must: must, Limits: most})
	if err != nil {
		return nil, err
	}
	p, err := Compile(ctx, snap, must.Timeout)
	if err != nil {
		return nil, err
	}
	p.tests = answer.Tests
	return p, nil
}

// TestApart is [Test] in a process of its own, with the limits of [AdmitApart].
// The error is [Faults] if they are exceeded, too.
func TestApart(ctx context.Context, snap *Snapshot) ([]TestResult, error) {
	return testApart(ctx, snap, usual)
}

func testApart(ctx context.Context, snap *Snapshot, most limits) ([]TestResult, error) {
	answer, err := apart(ctx, question{Task: taskTest, Files: snap.files, Limits: most})
	return answer.Results, err
}

// EvaluateApart compiles a snapshot and is [Policy.Evaluate] in a process of
// its own, with the limits of [AdmitApart]. It returns how long the decision
// took, too. The error is [Faults] if the snapshot does not compile or a limit
// is exceeded; any other says why there is no decision.
func EvaluateApart(ctx context.Context, snap *Snapshot, document any, timeout time.Duration) (*Decision, time.Duration, error) {
	answer, err := apart(ctx, question{Task: taskEvaluate, Files: snap.files, Must: Conditions{Timeout: timeout}, Document: document, Limits: usual})
	if err == nil && answer.Decision == nil {
		err = errors.New(answer.Undecided)
	}
	return answer.Decision, answer.Took, err
}

// apart has a question answered within its limits. The error is [Faults] if the
// answer has any.
func apart(ctx context.Context, q question) (verdict, error) {
	trial, cancel := context.WithTimeout(ctx, q.Limits.Time)
	defer cancel()
	answer, err := try(trial, q)
	switch {
	case ctx.Err() != nil:
		return verdict{}, ctx.Err()
	case trial.Err() != nil:
		return verdict{}, overdue{Faults{{Message: fmt.Sprintf("trying the policy took more than %s and was ended: a rule or a test takes too long", q.Limits.Time)}}}
	case err != nil:
		return verdict{}, err
	case answer.Overdue:
		return verdict{}, overdue{answer.Faults}
	case answer.Faults != nil:
		return verdict{}, answer.Faults
	}
	return answer, nil
}

// try runs the process of a trial.
func try(ctx context.Context, q question) (verdict, error) {
	content, err := json.Marshal(q)
	if err != nil {
		return verdict{}, fmt.Errorf("writing the policy for its trial: %w", err)
	}
	program, err := thisProgram()
	if err != nil {
		return verdict{}, fmt.Errorf("finding this program for the trial of a policy: %w", err)
	}
	process := exec.CommandContext(ctx, program)                 //nolint:gosec // this program itself
	process.Env = []string{trialVariable + "=1", "GOMAXPROCS=2"} // no secrets
	process.Stdin = bytes.NewReader(content)
	process.WaitDelay = time.Second
	var complaint bytes.Buffer
	process.Stderr = &complaint
	out, err := process.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == tooMuchMemory {
		return verdict{Faults: Faults{{Message: fmt.Sprintf("trying the policy took more than %d MiB of memory: a rule or a test makes too much data", q.Limits.Memory>>20)}}}, nil
	}
	if err != nil {
		return verdict{}, fmt.Errorf("trying the policy in a process of its own: %w: %s", err, lastLine(complaint.Bytes()))
	}
	var answer verdict
	if err := json.Unmarshal(out, &answer); err != nil {
		return verdict{}, fmt.Errorf("reading the result of a policy's trial: %w", err)
	}
	return answer, nil
}

// thisProgram returns a path to the program that runs. On Linux it stays the
// same one when an upgrade has replaced the file.
func thisProgram() (string, error) {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); err == nil {
		return running, nil
	}
	return os.Executable()
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// ServeTrial serves the trial of a policy and exits, if [AdmitApart] or one of
// its kind started this process for one. Otherwise it does nothing.
func ServeTrial() {
	if os.Getenv(trialVariable) == "" {
		return
	}
	if err := serveTrial(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serveTrial(in io.Reader, out io.Writer) error {
	var q question
	decoder := json.NewDecoder(in)
	decoder.UseNumber() // in the document
	if err := decoder.Decode(&q); err != nil {
		return fmt.Errorf("reading the policy to try: %w", err)
	}
	go watchMemory(q.Limits.Memory)
	limitTime(q.Limits.Time)
	answer, err := q.answer(context.Background())
	if err != nil {
		answer = verdict{Faults: FaultsOf(err), Overdue: isOverdue(err)}
	}
	return json.NewEncoder(out).Encode(answer)
}

// answer does what a question asks for. The error is about the policy.
func (q *question) answer(ctx context.Context) (answer verdict, err error) {
	snap := &Snapshot{files: q.Files}
	snap.index()
	switch q.Task {
	case taskTest:
		answer.Results, err = Test(ctx, snap)
		return answer, err
	case taskEvaluate:
		p, err := Compile(ctx, snap, q.Must.Timeout)
		if err != nil {
			return answer, err
		}
		start := time.Now()
		answer.Decision, err = p.Evaluate(ctx, q.Document)
		answer.Took = time.Since(start)
		if err != nil {
			answer.Undecided = err.Error()
		}
		return answer, nil
	}
	p, err := Admit(ctx, snap, q.Must)
	if err != nil {
		return answer, err
	}
	answer.Tests = p.Tests()
	return answer, nil
}

// watchMemory ends the process when it takes too much memory. A limit of the
// system would count what the runtime only reserves.
func watchMemory(most uint64) {
	for range time.Tick(20 * time.Millisecond) {
		if memoryInUse() > most {
			os.Exit(tooMuchMemory)
		}
	}
}

// memoryInUse returns how many bytes the Go runtime took from the system and
// has not given back.
func memoryInUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
