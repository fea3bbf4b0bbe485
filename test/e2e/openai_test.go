//go:build clients

package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// askWithOpenAI asks for one chat completion with OpenAI's own client, and
// prints the error that it throws.
const askWithOpenAI = `
import OpenAI from "openai";
const client = new OpenAI({apiKey: process.env.KEY, baseURL: process.env.BASE, maxRetries: 0});
try {
	await client.chat.completions.create({model: "m", messages: [{role: "user", content: process.env.TEXT}]});
	console.log("{}");
} catch (error) {
	const {status, message, code, type} = error;
	console.log(JSON.stringify({name: error.constructor.name, status, message, code, type}));
}`

func TestOpenAIsClientShowsWhyItWasRefused(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "rate 60/1m", "rate 2/1m")
	token := e.token(t)
	for _, c := range []struct {
		key, text            string
		status               int
		name, code, contains string
	}{
		{"nonsense", "rose", 401, "AuthenticationError", "credential-invalid", "token"},
		{token, "sarin", 403, "PermissionDeniedError", "policy-denied", "chemical weapon"},
		// nothing listens there
		{token, "rose", 503, "InternalServerError", "upstream-unavailable", "Try again after"},
		{token, "rose", 429, "RateLimitError", "quota-exceeded", `the limit "principal" allows 2`},
	} {
		cmd := exec.Command("node", "--input-type=module", "--eval", askWithOpenAI)
		// .ci/needs puts the client there
		cmd.Dir = filepath.Join(repository, "bin", "clients")
		cmd.Env = append(cmd.Environ(), "KEY="+c.key, "TEXT="+c.text, "BASE="+e.url+"/api/v1",
			"NODE_EXTRA_CA_CERTS="+filepath.Join(e.state, "caddy", "pki", "authorities", "local", "root.crt"))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("make clients installs what this needs: %v", err)
		}
		var got struct {
			Name, Message, Code, Type string
			Status                    int
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got.Name != c.name || got.Status != c.status || got.Code != c.code || got.Type == "" || !strings.Contains(got.Message, c.contains) {
			t.Errorf("%s: %+v", c.code, got)
		}
	}
}
