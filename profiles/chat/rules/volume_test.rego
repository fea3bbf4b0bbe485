package gate.rules.volume_test

import data.gate.rules.volume

settings := {"choices": 4, "output_tokens": 1000, "scope": "chat:bulk"}

denials(body, scopes) := reasons if {
	reasons := volume.deny with input as {"principal": {"id": "alice", "scopes": scopes}, "body": body}
		with data.settings.volume as settings
}

too_much := [
	{"n": 5},
	{"best_of": 5},
	{"max_tokens": 1001},
	{"max_completion_tokens": 1001},
	{"max_output_tokens": 1001},
	{"n": "5"},
]

test_too_much[body] if {
	some body in too_much
	{reason.id | some reason in denials(body, [])} == {"too-much-output"}
}

test_scope[body] if {
	some body in too_much
	denials(body, ["chat:bulk"]) == set()
	volume.label == {"bulk"} with input.body as body
		with data.settings.volume as settings
}

test_ordinary[body] if {
	some body in [{}, {"n": 1}, {"n": null, "max_tokens": 1000}, null]
	denials(body, []) == set()
}
