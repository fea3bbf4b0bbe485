// Package deploy checks what is shipped to run the binary elsewhere: the
// image's recipe, the composition and the scripts of the build.
package deploy

import (
	"bufio"
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const repository = "../.."

// composition is what these tests look at in docker-compose.yaml.
type composition struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
	Networks map[string]struct {
		Internal bool `yaml:"internal"`
	} `yaml:"networks"`
}

type service struct {
	Image       string            `yaml:"image"`
	Command     []string          `yaml:"command"`
	User        string            `yaml:"user"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Networks    []string          `yaml:"networks"`
	NetworkMode string            `yaml:"network_mode"`
	Restart     string            `yaml:"restart"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func TestEveryLongRunningServiceHasAHealthCheckWithoutAShell(t *testing.T) {
	for name, s := range compose(t).Services {
		if s.Restart == "" {
			continue // It runs once.
		}
		if s.Healthcheck == nil || len(s.Healthcheck.Test) < 2 || s.Healthcheck.Test[0] != "CMD" {
			t.Errorf("%s: want a health check in exec form, for the image has no shell", name)
		}
	}
}

func TestEveryServiceIsConfined(t *testing.T) {
	for name, s := range compose(t).Services {
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: want a read-only root and no capabilities", name)
		}
		if s.Image != "odordiff" && !nonRoot(s.User) { // Our image says it itself.
			t.Errorf("%s: user %q, want a number other than 0", name, s.User)
		}
	}
}

func TestOnlyTheGatewayIsPublishedAndOnLoopback(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		if name != "gateway" && len(s.Ports) > 0 {
			t.Errorf("%s publishes %v", name, s.Ports)
		}
		for _, network := range s.Networks {
			if name != "gateway" && !c.Networks[network].Internal {
				t.Errorf("%s is in the network %s, which is not internal", name, network)
			}
		}
	}
	for _, port := range c.Services["gateway"].Ports {
		if !strings.HasPrefix(port, "${ODORDIFF_PUBLISH:-127.0.0.1}:") {
			t.Errorf("port %s is published beyond loopback by default", port)
		}
	}
}

func TestEveryPortOfTheEdgeIsPublishedForItsProtocols(t *testing.T) {
	const address = "${ODORDIFF_PUBLISH:-127.0.0.1}:"
	want := []string{address + "8443:8443/tcp", address + "8443:8443/udp", address + "8080:8080"}
	if got := compose(t).Services["gateway"].Ports; !slices.Equal(got, want) {
		t.Errorf("published are %q, want %q: HTTP/3 is offered, and probes are for the network inside", got, want)
	}
	if exposed := dockerfile(t).last("EXPOSE"); exposed != "8443/tcp 8443/udp 8080/tcp" {
		t.Errorf("EXPOSE %s", exposed)
	}
}

// A check by TLS would need a name that the certificate is for, and a backend
// has no TLS.
func TestHealthChecksAskInPlainHTTPWhateverTheContainerRuns(t *testing.T) {
	const gateway, backend, backup = "http://127.0.0.1:8081", "http://127.0.0.1:8090", "http://127.0.0.1:8092"
	image := dockerfile(t).last("HEALTHCHECK")
	for _, want := range []string{gateway, backend, backup} {
		if !strings.Contains(image, want) {
			t.Errorf("the image's health check does not ask %s: %s", want, image)
		}
	}
	services := compose(t).Services
	for name, want := range map[string]string{"gateway": gateway, "inference": backend} {
		if test := services[name].Healthcheck.Test; !slices.Contains(test, want) {
			t.Errorf("%s: the health check %q does not ask %s", name, test, want)
		}
	}
}

func TestDependenciesStartFirst(t *testing.T) {
	services := compose(t).Services
	want := map[string]string{
		"keyring": "service_completed_successfully", "inference": "service_healthy", "redis": "service_healthy",
	}
	got := services["gateway"].DependsOn
	for name, condition := range want {
		if got[name].Condition != condition {
			t.Errorf("gateway waits for %s to be %q, want %s", name, got[name].Condition, condition)
		}
		if _, ok := services[name]; !ok {
			t.Errorf("there is no service %s", name)
		}
	}
}

func TestTheKeyringIsMadeAtTheFirstStartAndLeftAloneAtOthers(t *testing.T) {
	command := compose(t).Services["keyring"].Command
	if want := []string{"keyring", "init", "--if-missing"}; !slices.Equal(command, want) {
		t.Errorf("it runs %q, want %q: the gateway waits for its success at every start", command, want)
	}
}

func TestTheGatewayAndItsKeyringShareTheStateVolume(t *testing.T) {
	c := compose(t)
	const want = "state:/var/lib/odordiff"
	for _, name := range []string{"gateway", "keyring"} {
		if !slices.Contains(c.Services[name].Volumes, want) {
			t.Errorf("%s lacks the volume %s", name, want)
		}
	}
	if _, ok := c.Volumes["state"]; !ok {
		t.Error("the volume state is not declared")
	}
	if env := dockerfile(t).env; env["ODORDIFF_STATE"] != "/var/lib/odordiff" {
		t.Errorf("the image keeps its state in %q", env["ODORDIFF_STATE"])
	}
}

func TestTheCaddyfileReadsEveryVariableThatIsSet(t *testing.T) {
	caddyfile := string(read(t, "Caddyfile"))
	variables := dockerfile(t).env
	maps.DeleteFunc(variables, func(name, _ string) bool { return !strings.HasPrefix(name, "ODORDIFF_") })
	for _, s := range compose(t).Services {
		for name := range s.Environment {
			variables[name] = ""
		}
	}
	for _, environment := range []string{"development", "testing", "production"} {
		for _, match := range regexp.MustCompile(`(?m)^(\w+)=`).FindAllStringSubmatch(string(read(t, "deploy/"+environment+".env")), -1) {
			variables[match[1]] = ""
		}
	}
	for name := range variables {
		if !slices.ContainsFunc([]string{"{$" + name + ":", "{$" + name + "}", "{env." + name + "}"},
			func(way string) bool { return strings.Contains(caddyfile, way) }) {
			t.Errorf("%s is set, and the Caddyfile does not read it", name)
		}
	}
}

func TestTheImageRunsAsAnotherThanRootWithoutAShell(t *testing.T) {
	d := dockerfile(t)
	if user, _, _ := strings.Cut(d.last("USER"), ":"); !nonRoot(user) {
		t.Errorf("USER %s, want a number other than 0", d.last("USER"))
	}
	for _, instruction := range []string{"ENTRYPOINT", "CMD"} {
		if !strings.HasPrefix(d.last(instruction), "[") {
			t.Errorf("%s %s: want the exec form", instruction, d.last(instruction))
		}
	}
	if health := d.last("HEALTHCHECK"); !strings.Contains(health, `CMD ["/usr/local/bin/odordiff"`) {
		t.Errorf("HEALTHCHECK %s: want the binary itself in exec form", health)
	}
	if final := d.last("FROM"); !strings.Contains(final, "distroless/static") && final != "scratch" {
		t.Errorf("the final stage is %s", final)
	}
}

func TestTheImageIsBuiltWithTheGoOfGoMod(t *testing.T) {
	want := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(read(t, "go.mod"))
	if want == nil {
		t.Fatal("go.mod has no go line")
	}
	if got := dockerfile(t).last("ARG GO_VERSION"); got != string(want[1]) {
		t.Errorf("the image's Go is %s, go.mod's is %s", got, want[1])
	}
}

func TestTheImageIsCrossCompiledForItsPlatform(t *testing.T) {
	d := dockerfile(t)
	for _, want := range []string{"FROM --platform=$BUILDPLATFORM golang:", "ARG TARGETOS TARGETARCH", "RUN GOOS=$TARGETOS GOARCH=$TARGETARCH make build"} {
		if !slices.ContainsFunc(d.instructions, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("the Dockerfile lacks %q", want)
		}
	}
}

func TestTheBuildContextHasEverySourceOfTheBinary(t *testing.T) {
	var allowed []string
	for line := range strings.Lines(string(read(t, ".dockerignore"))) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			allowed = append(allowed, path)
		}
	}
	for _, source := range append(sources(t), "go.mod", "go.sum", "Makefile", ".ci/build", "Caddyfile", "policies") {
		first, _, _ := strings.Cut(source, "/")
		if !slices.Contains(allowed, first) {
			t.Errorf(".dockerignore leaves out %s", source)
		}
	}
}

// sources returns the files of this module that cmd/odordiff is made of,
// relative to the repository.
func sources(t *testing.T) []string {
	t.Helper()
	const format = `{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}` +
		`{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}{{end}}`
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "./cmd/odordiff")
	cmd.Dir = repository
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the sources: %v\n%s", err, &stderr)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for file := range strings.FieldsSeq(string(out)) {
		relative, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, relative)
	}
	if len(files) < 10 {
		t.Fatalf("only %d sources: %v", len(files), files)
	}
	return files
}

func compose(t *testing.T) composition {
	t.Helper()
	var c composition
	if err := yaml.Unmarshal(read(t, "docker-compose.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) != 4 {
		t.Fatalf("%d services, want gateway, keyring, inference and redis", len(c.Services))
	}
	return c
}

// image is what the Dockerfile says: its instructions in order, and the final
// environment.
type image struct {
	instructions []string
	env          map[string]string
}

// last returns the arguments of the last instruction that begins so. An equals
// sign after it, as in ARG NAME=value, is left out.
func (d image) last(prefix string) string {
	for _, line := range slices.Backward(d.instructions) {
		if rest, ok := strings.CutPrefix(line, prefix); ok && rest != "" && strings.ContainsRune(" =", rune(rest[0])) {
			return rest[1:]
		}
	}
	return ""
}

func dockerfile(t *testing.T) image {
	t.Helper()
	source := regexp.MustCompile(`\\\n\s*`).ReplaceAll(read(t, "Dockerfile"), nil)
	d := image{env: make(map[string]string)}
	scanner := bufio.NewScanner(bytes.NewReader(source))
	for scanner.Scan() {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		d.instructions = append(d.instructions, line)
		if settings, ok := strings.CutPrefix(line, "ENV "); ok {
			for setting := range strings.FieldsSeq(settings) {
				name, value, _ := strings.Cut(setting, "=")
				d.env[name] = value
			}
		}
	}
	return d
}

func nonRoot(user string) bool {
	return regexp.MustCompile(`^[1-9][0-9]*(:[1-9][0-9]*)?$`).MatchString(user)
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
