# What several rules know about the names of scents.
package gate.lib.names

# Reports whether the request is a name of terms/data.yaml and nothing else. The
# gateway sees to that: it lists no name beside other words, in another field, or
# in another writing.
alone if count(input.signals.whole.terms.names) > 0
