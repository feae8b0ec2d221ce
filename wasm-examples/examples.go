package examples

import (
	"embed"
	"io/fs"
)

//go:embed */.gitignore */Makefile */README.md */authhost.yaml */manifest.json */tests.json
//go:embed go/*.go c/*.c c/*.h rust/Cargo.* rust/src/*.rs assemblyscript/*.json assemblyscript/assembly/*.ts wat/*.wat
var files embed.FS

// Languages lists the languages of the example that is there in each of them.
func Languages() []string { return []string{"go", "c", "rust", "assemblyscript", "wat"} }

// Name is what the example in a language calls itself, wherever it does.
func Name(language string) string { return "signup-rule-" + language }

// Project returns the files of the example in a language.
func Project(language string) (fs.FS, error) { return fs.Sub(files, language) }
