package gate.rules.safety_test

import data.gate.rules.safety

ordinary := {"id": "alice", "scopes": ["generate"]}

entitled := {"id": "bob", "scopes": ["generate", data.settings.low_safety.scope]}

threshold := data.settings.low_safety.threshold

test_the_threshold_is_allowed if {
	count(safety.deny) == 0 with input as {"principal": ordinary, "body": {"constraints": {"min_safety": threshold}}}
	count(safety.label) == 0 with input as {"principal": ordinary, "body": {"constraints": {"min_safety": threshold}}}
}

test_less_is_denied_without_the_scope if {
	reasons := safety.deny with input as {"principal": ordinary, "body": {"constraints": {"min_safety": threshold - 0.01}}}
	{reason.id | some reason in reasons} == {"safety-too-low"}
}

test_zero_is_denied_without_the_scope if {
	count(safety.deny) == 1 with input as {"principal": ordinary, "body": {"constraints": {"min_safety": 0}}}
}

test_less_is_denied_in_an_assessment if {
	count(safety.deny) == 1 with input as {"principal": ordinary, "body": {"smiles": "CCO", "min_safety": 0}}
}

test_less_is_denied_to_anonymous_requests if {
	count(safety.deny) == 1 with input as {"principal": null, "body": {"constraints": {"min_safety": 0}}}
}

test_less_is_allowed_with_the_scope if {
	request := {"principal": entitled, "body": {"constraints": {"min_safety": 0}}}
	count(safety.deny) == 0 with input as request
	safety.label == {"low-safety"} with input as request
}

test_no_threshold_is_allowed if {
	request := {"principal": ordinary, "body": {"prompt": "rose"}}
	count(safety.deny) == 0 with input as request
	count(safety.label) == 0 with input as request
}
