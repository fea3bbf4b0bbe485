package redact_test

import (
	"fmt"

	"github.com/odordiff/odordiff/internal/redact"
)

func ExampleText() {
	fmt.Println(redact.Text(`Post "http://me:s3cret@backend:8090/a?key=s3cret": EOF`))
	// Output:
	// Post "http://REDACTED@backend:8090/a?key=REDACTED": EOF
}

func ExampleURI() {
	fmt.Println(redact.URI("/molecules?page=2&token=s3cret"))
	// Output:
	// /molecules?page=REDACTED&token=REDACTED
}
