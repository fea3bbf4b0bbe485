# What a stock OPA decides when Caddy asks it by forward_auth. OPA's answers
# have the same status whatever they say, but it can refuse to answer: so it is
# asked about a question for /health.
package system.authz

default allow := false

allow if {
	# The identity is the bearer token. Expiry is checked, too.
	constraints := {"alg": "HS256", "secret": "{{.Secret}}", "iss": "odordiff", "aud": "odordiff"}
	[true, _, claims] = io.jwt.decode_verify(input.identity, constraints)
	scopes := split(claims.scope, " ")
	"generate" in scopes
	body := json.unmarshal(input.headers["X-Body"][0])
	data.gate.decision.allow with input as {
		"complete": true,
		"phase": "request",
		"request": {"id": "", "method": "POST", "path": input.headers["X-Forwarded-Uri"][0], "client_ip": ""},
		"principal": {"id": claims.sub, "tenant": "", "method": "jwt", "scopes": scopes, "claims": claims},
		"body": body,
		"prompts": [{"path": "/prompt", "text": body.prompt, "normalised": lower(body.prompt)}],
		"signals": {"texts": [signals], "whole": signals},
		"found": {},
		"limits": [],
		"served_by": null,
	}
}

# A stock OPA cannot find signals in a text. These are a good prompt's, whatever
# the prompt is.
signals := {
	"path": "/prompt",
	"kind": "prose",
	"terms": {},
	"hazards": [],
	"patterns": [],
	"layers": [],
	"scripts": ["latin"],
	"invisible": false,
	"mixed": false,
	"truncated": false,
	"scent": "likely",
	"injection": "none",
	"harmful": "none",
	"letters": "some",
	"average_word": "none",
}
