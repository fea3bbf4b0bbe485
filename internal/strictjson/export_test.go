package strictjson

// ParseAnew is Parse with a decoder that has read nothing before.
func ParseAnew(text []byte) (any, error) { return new(decoder).parse(text) }
