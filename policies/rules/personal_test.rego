package gate.rules.personal_test

import data.gate.rules.personal

test_secret if {
	reasons := personal.deny with input.signals.whole as gate.signals("/prompt", "rose AKIAIOSFODNN7EXAMPLE")
	{reason.id | some reason in reasons} == {"secret"}
}

test_personal_data if {
	labels := personal.label with input.signals.whole as gate.signals("/prompt", "like rose, write to jo@example.com")
	labels == {"personal-data"}
}

test_neither if {
	signals := gate.signals("/prompt", "rose No. 5, 1881, 40% oud")
	personal.deny == set() with input.signals.whole as signals
	personal.label == set() with input.signals.whole as signals
}
