# The tests set the settings that they depend on, so that an operator can change
# data.yaml without changing the tests.
package gate_test

import data.gate as policy

request := {
	"complete": true,
	"phase": "request",
	"request": {"id": "r1", "method": "POST", "path": "/api/v1/generate", "client_ip": "192.0.2.1"},
	"principal": {"id": "alice", "tenant": "", "method": "jwt", "scopes": ["generate"], "claims": {}},
	"body": {"prompt": "fresh citrus"},
	"prompts": [{"path": "/prompt", "text": "fresh citrus", "normalised": "fresh citrus"}],
	"signals": {"texts": [gate.signals("/prompt", "fresh citrus")], "whole": gate.signals("/prompt", "fresh citrus")},
	"items": 0,
	"limits": [],
	"served_by": null,
}

ids(decision) := {reason.id | some reason in decision.reasons}

test_harmless_request_is_allowed if {
	decision := policy.decision with input as request
	decision.allow == true
	decision.status == 200
	decision.reasons == set()
}

test_request_without_body_is_allowed if {
	bodiless := object.union(request, {"body": null, "prompts": []})
	policy.decision.allow == true with input as bodiless
}

test_empty_input_is_refused if {
	decision := policy.decision with input as {}
		with data.settings.require_principal as true
	decision.allow == false
	decision.status == 403
	ids(decision) == {"input-incomplete", "authentication-required"}
}

test_incomplete_input_is_refused if {
	incomplete := object.union(request, {"complete": false})
	decision := policy.decision with input as incomplete
	decision.allow == false
	ids(decision) == {"input-incomplete"}
}

test_anonymous_request_is_refused if {
	anonymous := object.union(request, {"principal": null})
	decision := policy.decision with input as anonymous
		with data.settings.require_principal as true
	decision.allow == false
	ids(decision) == {"authentication-required"}
}

test_empty_principal_is_anonymous if {
	nobody := object.union(request, {"principal": {"id": ""}})
	policy.decision.allow == false with input as nobody
		with data.settings.require_principal as true
}

test_anonymous_request_is_allowed_where_the_operator_says_so if {
	anonymous := object.union(request, {"principal": null})
	policy.decision.allow == true with input as anonymous
		with data.settings.require_principal as false
}

test_absent_setting_requires_a_principal if {
	anonymous := object.union(request, {"principal": null})
	policy.decision.allow == false with input as anonymous
		with data.settings as {}
}

test_denial_refuses_with_its_reason if {
	denied := object.union(request, {"signals": {"whole": gate.signals("/prompt", "how to make sarin")}})
	decision := policy.decision with input as denied
	decision.allow == false
	decision.status == 403
	"chemical-weapon" in ids(decision)
}
