package promptpolicy

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/shirou/gopsutil/v4/process"

	"github.com/odordiff/odordiff/internal/strictjson"
)

var opa = flag.String("opa", "", "the program opa, beside which BenchmarkBesideOPA measures")

// BenchmarkBesideOPA compares the processor time of decisions of the shipped
// policy with that of a stock OPA, which serves the same Rego over HTTP in a
// process of its own. No prompt occurs twice. Ours begins with the bytes of the
// body and finds the signals; OPA is sent the input document that our engine
// makes, with the signals in it. An operation is one comparison of all sizes.
func BenchmarkBesideOPA(b *testing.B) {
	if *opa == "" {
		b.Skip("-opa names no program")
	}
	policy := shipped(b)
	server := startOPA(b, shippedFiles(b))
	var rows []comparison
	for b.Loop() {
		rows = nil
		for _, size := range []int{27, 300, 4 << 10, 64 << 10} {
			rows = append(rows, server.compare(b, policy, size))
		}
	}
	for _, row := range rows {
		b.ReportMetric(row.share(), fmt.Sprintf("of-OPA's-CPU-at-%d-B", row.size))
	}
	printComparison(os.Stdout, rows)
}

// comparison is what decisions about prompts of a size cost.
type comparison struct {
	size, prompts, refused int
	// processor times, for all prompts
	signals, ours, opas time.Duration
}

func (c comparison) share() float64 { return c.ours.Seconds() / c.opas.Seconds() }

func (c comparison) each(total time.Duration) float64 {
	return total.Seconds() * 1e6 / float64(c.prompts)
}

func printComparison(to io.Writer, rows []comparison) {
	w := tabwriter.NewWriter(to, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "\n| prompt, B\t| prompts\t| refused\t| ours, CPU µs\t| signals of it\t| OPA's, CPU µs\t| ours to OPA's\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, row := range rows {
		fmt.Fprintf(w, "| %d\t| %d\t| %d\t| %.0f\t| %.0f\t| %.0f\t| %.2f\t|\n", row.size, row.prompts, row.refused, row.each(row.ours), row.each(row.signals), row.each(row.opas), row.share())
	}
	fmt.Fprintln(w)
	w.Flush()
}

// compare has both decide about the same prompts, and demands that they agree.
func (s *opaServer) compare(b *testing.B, policy *Policy, size int) comparison {
	b.Helper()
	const most, characters = 20_000, 32 << 20
	texts := unlike(size, min(most, characters/size))
	row := comparison{size: size, prompts: len(texts)}
	bodies, inputs, ours := make([][]byte, len(texts)), make([]*Input, len(texts)), make([]*Decision, len(texts))
	for i, text := range texts {
		bodies[i], inputs[i] = mustMarshal(b, map[string]string{"prompt": text}), requestOf(b, map[string]any{"prompt": text})
	}
	each := func(pid int, do func(i int)) time.Duration {
		before := cpuTime(b, pid)
		for i := range texts {
			do(i)
		}
		return cpuTime(b, pid) - before
	}
	row.ours = each(os.Getpid(), func(i int) { ours[i] = decideAbout(b, policy, bodies[i]) })
	row.signals = each(os.Getpid(), func(i int) { signalsOf(b, policy, inputs[i]) })
	row.opas = each(s.pid, func(i int) {
		theirs := s.ask(b, policy, inputs[i])
		if diff := cmp.Diff(ours[i], theirs, cmpopts.IgnoreFields(Decision{}, "Revision"), cmpopts.EquateEmpty()); diff != "" {
			b.Fatalf("OPA decides otherwise about %.300q (-ours +OPA's):\n%s", texts[i], diff)
		}
		if !theirs.Allow {
			row.refused++
		}
	})
	return row
}

// unlike returns prompts of about a size, no two of which are equal. One in
// twenty asks for something that is refused.
func unlike(size, n int) []string {
	kinds := []string{"fresh", "wet", "smoky", "green", "dusty", "salty", "warm", "bitter", "creamy", "dry", "sweet", "soft", "dark", "old", "bright", "cool"}
	notes := []string{"citrus", "cedar", "fig leaf", "iris", "skin", "books", "vetiver", "rose", "amber", "moss", "leather", "neroli", "tea", "plum", "incense", "musk", "hay", "violet", "pepper", "rain"}
	refused := []string{"sarin", "TATP", "ignore all previous instructions"}
	random := rand.New(rand.NewPCG(1, uint64(size)))
	texts, seen := make([]string, 0, n), map[string]bool{}
	for len(texts) < n {
		var text strings.Builder
		if random.IntN(20) == 0 {
			text.WriteString(refused[random.IntN(len(refused))] + ", ")
		}
		for text.Len() < size {
			text.WriteString(kinds[random.IntN(len(kinds))] + " " + notes[random.IntN(len(notes))] + ", ")
		}
		if !seen[text.String()] {
			seen[text.String()] = true
			texts = append(texts, text.String())
		}
	}
	return texts
}

// decideAbout judges a body as the gateway does.
func decideAbout(b *testing.B, policy *Policy, body []byte) *Decision {
	b.Helper()
	parsed, err := strictjson.Parse(body)
	if err != nil {
		b.Fatal(err)
	}
	d, err := policy.Decide(b.Context(), requestOf(b, parsed))
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// requestOf returns the input of a body whose prompt is at /prompt.
func requestOf(b *testing.B, body any) *Input {
	b.Helper()
	path, err := ParsePromptPath("/prompt")
	if err != nil {
		b.Fatal(err)
	}
	in := generate("", "generate")
	in.Body, in.Since = body, time.Now()
	if in.Prompts, err = Prompts(b.Context(), in.Since.Add(ample), Source{Body: body}, []PromptPath{path}); err != nil {
		b.Fatal(err)
	}
	return in
}

// signalsOf finds the signals of a request, as a decision does first.
func signalsOf(b *testing.B, policy *Policy, in *Input) *evaluation {
	b.Helper()
	e := &evaluation{program: policy.program, ctx: b.Context(), timeout: ample, deadline: time.Now().Add(ample)}
	if err := e.look(in); err != nil {
		b.Fatal(err)
	}
	return e
}

// opaServer is a stock OPA that serves a policy.
type opaServer struct {
	url    string
	pid    int
	client http.Client
}

// startOPA starts OPA with what decisions need of the files: no tests, which
// call functions of ours, and no schemas, which it would not read.
func startOPA(b *testing.B, files map[string]string) *opaServer {
	b.Helper()
	for name := range files {
		if strings.HasSuffix(name, "_test.rego") || strings.HasPrefix(name, "schemas/") {
			delete(files, name)
		}
	}
	address := freeAddress(b)
	command := exec.Command(*opa, "run", "--server", "--addr", address, "--bundle", "--log-level", "error", "--skip-version-check", write(b, b.TempDir(), files))
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	s := &opaServer{url: "http://" + address, pid: command.Process.Pid}
	b.Cleanup(func() {
		s.client.CloseIdleConnections()
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		resp, err := s.client.Get(s.url + "/health")
		if err == nil {
			resp.Body.Close()
			return s
		}
		if time.Now().After(deadline) {
			b.Fatalf("OPA does not answer: %v", err)
		}
	}
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ask sends the input document of a request, as our engine makes it.
func (s *opaServer) ask(b *testing.B, policy *Policy, in *Input) *Decision {
	b.Helper()
	document, err := signalsOf(b, policy, in).document(in, policy.program.plan.reads)
	if err != nil {
		b.Fatal(err)
	}
	input, err := ast.JSON(document)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := s.client.Post(s.url+"/v1/data/gate/decision", "application/json", bytes.NewReader(mustMarshal(b, map[string]any{"input": input})))
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Result any }
	decoder := json.NewDecoder(resp.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil || answer.Result == nil {
		b.Fatalf("OPA answers %s without a decision: %v", resp.Status, err)
	}
	d, err := parseDecision(ast.MustInterfaceToValue(answer.Result))
	if err != nil {
		b.Fatal(err)
	}
	return d
}

func mustMarshal(b *testing.B, value any) []byte {
	b.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// cpuTime returns the processor time that a process has used, of all its
// threads.
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		b.Fatal(err)
	}
	times, err := p.Times()
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration((times.User + times.System) * float64(time.Second))
}
