# What several rules know about requests in OpenAI's protocol.
package gate.lib.chat

# Reports whether the text at a path is the application's own: its instructions,
# what it says about a tool or a format, or a message in a role of
# data.settings.instruction_roles.
by_application(path) if path == "/instructions"

by_application(path) if {
	some list in ["/tools/", "/functions/"]
	startswith(path, list)
}

by_application(path) if {
	some list in ["messages", "input"]
	parts := split(path, "/")
	parts[1] == list
	regex.match(`^\d{1,6}$`, parts[2])
	input.body[list][to_number(parts[2])].role in data.settings.instruction_roles
}
