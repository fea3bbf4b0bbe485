package gate.lib.chat_test

import data.gate.lib.chat

body := {"messages": [{"role": "system"}, {"role": "user"}], "input": [{"role": "developer"}]}

test_application[path] if {
	some path in ["/instructions", "/tools/0/function/description", "/messages/0/content", "/input/0/content/1/text"]
	chat.by_application(path) with input.body as body
		with data.settings.instruction_roles as ["system", "developer"]
}

test_others[path] if {
	some path in ["/messages/1/content", "/messages/7/content", "/messages/content", "/messages", "/prompt", "/input"]
	not chat.by_application(path) with input.body as body
		with data.settings.instruction_roles as ["system", "developer"]
}

test_no_role_is_trusted_without_the_setting if {
	not chat.by_application("/messages/0/content") with input.body as body
		with data.settings.instruction_roles as []
}
