# Unlike the other tests, these check data.yaml itself: a rule whose setting is
# absent or misspelt does not hold, so it would silently refuse nothing.
package settings_test

test_require_principal_is_a_boolean if is_boolean(data.settings.require_principal)

test_bulk_threshold_is_a_number if is_number(data.settings.bulk.threshold)

test_bulk_prompts_is_a_number if is_number(data.settings.bulk.prompts)

test_bulk_scope_is_a_string if is_string(data.settings.bulk.scope)

test_low_safety_threshold_is_a_number if is_number(data.settings.low_safety.threshold)

test_low_safety_scope_is_a_string if is_string(data.settings.low_safety.scope)
