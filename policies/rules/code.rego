# METADATA
# title: Code
# description: >-
#   Refuses prompts with fragments of scripts, queries, commands and templates.
#   No scent needs them, and somebody behind the gateway might run them.
# custom:
#   mode: enforce
package gate.rules.code

deny contains {
	"id": "code",
	"message": sprintf("The prompt has a fragment of code (%s). Send plain text.", [kind]),
	"severity": "medium",
} if {
	some kind in input.signals.whole.patterns
	kind in {"script", "sql", "shell", "template", "path", "chat_mark"}
}
