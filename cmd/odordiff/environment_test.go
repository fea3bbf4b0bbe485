package main

import (
	"os"
	"testing"
)

func TestAnEnvironmentFileIsNotOvershadowedByADefault(t *testing.T) {
	names := []string{"ODORDIFF_STATE", "ODORDIFF_REDIS", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT"}
	file := configFile(t, "production.env", "# shared\nODORDIFF_REDIS=redis://10.0.0.5:6379\nexport OTEL_EXPORTER_OTLP_ENDPOINT=\"http://127.0.0.1:4318\"\n")
	for _, test := range []struct {
		name string
		args []string
		want map[string]string
	}{
		{"no file", []string{"run"}, map[string]string{"ODORDIFF_REDIS": "off", "OTEL_TRACES_EXPORTER": "none"}},
		{"a file", []string{"run", "--envfile", file}, map[string]string{"ODORDIFF_REDIS": "", "OTEL_TRACES_EXPORTER": ""}},
		{"with =", []string{"run", "--envfile=" + file}, map[string]string{"ODORDIFF_REDIS": "", "OTEL_TRACES_EXPORTER": ""}},
		{"two files", []string{"run", "--envfile", "none.env," + file}, map[string]string{"ODORDIFF_REDIS": "", "OTEL_TRACES_EXPORTER": ""}},
		{"nothing after it", []string{"run", "--envfile"}, map[string]string{"ODORDIFF_REDIS": "off", "OTEL_TRACES_EXPORTER": "none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range names {
				t.Setenv(name, "") // to restore it
				if err := os.Unsetenv(name); err != nil {
					t.Fatal(err)
				}
			}
			setDefaults(envFiles(test.args))
			for name, want := range test.want {
				if got := os.Getenv(name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
		})
	}
}
