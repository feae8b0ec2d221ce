package pluginapi

import "encoding/json"

// Members are the properties that a schema describes at its top, those of all
// parts of an allOf.
func (s *Schema) Members() Properties {
	list := s.Properties
	for _, part := range s.AllOf {
		list = append(list[:len(list):len(list)], part.Properties...)
	}
	return list
}

// IsLiteral reports whether a text is the JSON of a number, or of true or false,
// where that is what the schema describes. A parameter of a query is such a text.
func (s *Schema) IsLiteral(text string) bool {
	switch s.Type {
	case "boolean":
		return text == "true" || text == "false"
	case "number", "integer":
		return isNumber(text)
	}
	return false
}

// isNumber reports whether a text is a number of JSON, without space around it.
func isNumber(text string) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	return text != "" && (text[0] == '-' || isDigit(text[0])) && isDigit(text[len(text)-1]) && json.Valid([]byte(text))
}
