// Package kubernetes checks deploy/kubernetes with Kubernetes's own types and
// kustomize's own library. It needs no cluster: `make kubernetes` runs it.
package kubernetes

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// secrets are what an operator puts beside an overlay.
var secrets = []string{"keyring.json", "redis", "tls.crt", "tls.key"}

// build returns the objects of an overlay. An unknown field, or one of a wrong
// type, fails the test.
func build(t *testing.T, overlay string) []any {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../deploy/kubernetes")); err != nil {
		t.Fatal(err)
	}
	for _, name := range secrets {
		if err := os.WriteFile(filepath.Join(dir, overlay, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, overlay))
	if err != nil {
		t.Fatal(err)
	}
	strict := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []any
	for _, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := strict.Decode(text, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", resource.CurId(), err)
			continue
		}
		objects = append(objects, object)
	}
	return objects
}

// podsOf returns the templates of the workloads' pods, by name.
func podsOf(objects []any) map[string]corev1.PodSpec {
	pods := map[string]corev1.PodSpec{}
	for _, object := range objects {
		switch workload := object.(type) {
		case *appsv1.Deployment:
			pods[workload.Name] = workload.Spec.Template.Spec
		case *appsv1.StatefulSet:
			pods[workload.Name] = workload.Spec.Template.Spec
		}
	}
	return pods
}

func TestEveryOverlayIsOfKubernetesOwnTypes(t *testing.T) {
	for overlay, want := range map[string]int{"gateway": 14, "sidecar": 11} {
		t.Run(overlay, func(t *testing.T) {
			if objects := build(t, overlay); len(objects) != want {
				t.Errorf("%d objects, want %d", len(objects), want)
			}
		})
	}
}

// What the namespace's strictest level of pod security demands, "restricted",
// and a read-only root besides.
func TestEveryContainerIsConfined(t *testing.T) {
	for _, overlay := range []string{"gateway", "sidecar"} {
		pods := podsOf(build(t, overlay))
		if len(pods) == 0 {
			t.Errorf("%s has no pods", overlay)
		}
		for name, pod := range pods {
			own := pod.SecurityContext
			if !*own.RunAsNonRoot || *own.RunAsUser == 0 || own.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken {
				t.Errorf("%s/%s: the pod is not confined", overlay, name)
			}
			for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
				c := container.SecurityContext
				if c == nil || *c.AllowPrivilegeEscalation || !*c.ReadOnlyRootFilesystem || len(c.Capabilities.Drop) != 1 || c.Capabilities.Drop[0] != "ALL" {
					t.Errorf("%s/%s: the container %s is not confined", overlay, name, container.Name)
				}
				if container.Resources.Limits.Memory().IsZero() {
					t.Errorf("%s/%s: the container %s has no bound of memory", overlay, name, container.Name)
				}
			}
		}
	}
}

func TestNoSecretIsInTheEnvironment(t *testing.T) {
	for _, overlay := range []string{"gateway", "sidecar"} {
		for name, pod := range podsOf(build(t, overlay)) {
			for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
				if len(container.EnvFrom) > 0 {
					t.Errorf("%s/%s: the container %s takes variables from elsewhere", overlay, name, container.Name)
				}
				for _, variable := range container.Env {
					if variable.ValueFrom != nil {
						t.Errorf("%s/%s: the container %s has %s in its environment", overlay, name, container.Name, variable.Name)
					}
				}
			}
		}
	}
}

// The pod is killed when its time is over: it must be long enough for what
// stands before it, for Caddy's delay and for draining.
func TestAPodHasTheTimeToDrain(t *testing.T) {
	const delay, grace = 2, 30 // as common.caddyfile has them
	for _, overlay := range []string{"gateway", "sidecar"} {
		for name, pod := range podsOf(build(t, overlay)) {
			for _, container := range pod.Containers {
				if container.Name != "gateway" {
					continue
				}
				before := container.Lifecycle.PreStop.Sleep.Seconds
				if *pod.TerminationGracePeriodSeconds <= before+delay+grace {
					t.Errorf("%s/%s: it is killed after %ds", overlay, name, *pod.TerminationGracePeriodSeconds)
				}
			}
		}
	}
}
