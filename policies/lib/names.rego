# What several rules know about the names of scents.
package gate.lib.names

# Reports whether the texts are a name of terms/data.yaml and nothing else: it has
# two words, and so have they.
alone if {
	count(input.signals.whole.terms.names) > 0
	input.signals.whole.words == "none"
}
