package gate.rules.volume_test

import data.gate.rules.volume

ordinary := {"id": "alice", "scopes": ["generate"]}

entitled := {"id": "bob", "scopes": ["generate", data.settings.bulk.scope]}

threshold := data.settings.bulk.threshold

test_threshold_is_allowed if {
	count(volume.deny) == 0 with input as {"principal": ordinary, "body": {"num_molecules": threshold}}
}

test_more_is_denied_without_the_scope if {
	reasons := volume.deny with input as {"principal": ordinary, "body": {"num_molecules": threshold + 1}}
	{reason.id | some reason in reasons} == {"too-many-molecules"}
}

test_more_is_denied_to_anonymous_requests if {
	count(volume.deny) == 1 with input as {"principal": null, "body": {"num_molecules": threshold + 1}}
}

test_more_is_allowed_with_the_scope if {
	request := {"principal": entitled, "body": {"num_molecules": threshold + 1}}
	count(volume.deny) == 0 with input as request
	volume.label == {"bulk"} with input as request
	volume.oblige == {{"type": "tag", "name": "size", "value": "bulk"}} with input as request
}

most := data.settings.bulk.prompts

test_a_batch_as_large_as_may_be_is_allowed if {
	count(volume.deny) == 0 with input as {"principal": ordinary, "items": most, "body": {}}
}

test_a_larger_batch_is_denied_without_the_scope if {
	reasons := volume.deny with input as {"principal": ordinary, "items": most + 1, "body": {}}
	{reason.id | some reason in reasons} == {"too-many-prompts"}
}

test_a_larger_batch_is_allowed_with_the_scope if {
	request := {"principal": entitled, "items": most + 1, "body": {}}
	count(volume.deny) == 0 with input as request
	volume.label == {"bulk"} with input as request
}

test_absent_number_is_allowed if {
	request := {"principal": ordinary, "body": {"prompt": "rose"}}
	count(volume.deny) == 0 with input as request
	count(volume.label) == 0 with input as request
}
