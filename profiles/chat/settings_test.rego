# Unlike the other tests, these check data.yaml itself: a rule whose setting is
# absent or misspelt does not hold, so it would silently refuse nothing.
package settings_test

test_require_principal_is_a_boolean if is_boolean(data.settings.require_principal)

test_instruction_roles_are_strings if {
	every role in data.settings.instruction_roles {
		is_string(role)
	}
}

test_choices_are_a_number if is_number(data.settings.volume.choices)

test_output_tokens_are_a_number if is_number(data.settings.volume.output_tokens)

test_volume_scope_is_a_string if is_string(data.settings.volume.scope)
