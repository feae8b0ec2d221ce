package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/authhost/authhost/pluginapi"
)

// Bounds of the files of a tenant's mails, and of those of its text messages.
const (
	maxTextFiles     = 1000
	maxTextFileBytes = 1 << 20
)

// MailText is what an operator says in place of a mail of a plugin's.
type MailText struct {
	// Subject, instead of the plugin's.
	Subject string `yaml:"subject"`
	// Paragraphs, links and codes. The host lays them out as text and HTML.
	Body []MailBlock `yaml:"body"`
	// Text part, instead of a body.
	Text string `yaml:"text"`
	// HTML part, in addition to the text part.
	HTML string `yaml:"html"`
}

// MailBlock is a part of a body.
type MailBlock struct {
	// A paragraph.
	Text string `yaml:"text"`
	// A paragraph in small print.
	Note string `yaml:"note"`
	// The variable with the address of a link.
	Link string `yaml:"link"`
	// The variable with a code.
	Code string `yaml:"code"`
	// Label of the link or the code.
	Label string `yaml:"label"`
}

// Mail is the text as a mail without variables.
func (m *MailText) Mail() pluginapi.Mail {
	out := pluginapi.Mail{Subject: m.Subject, Text: m.Text, HTML: m.HTML}
	for _, b := range m.Body {
		out.Body = append(out.Body, pluginapi.MailBlock(b))
	}
	return out
}

// MessageText is what an operator says in place of a text message of a
// plugin's.
type MessageText struct {
	// The text.
	Text string `yaml:"text,required"`
}

// TextFile is a file with what an operator says in place of a mail or text
// message.
type TextFile[T MailText | MessageText] struct {
	Path     string // of the file
	Name     string // of the mail or message
	Language string // name of the folder; "" for all languages
	Text     T
}

// Fault returns an error at the file.
func (f *TextFile[T]) Fault(message, remedy string) *Error {
	return &Error{File: f.Path, Message: message, Remedy: remedy}
}

// ReadMails reads the files of a folder of mails: NAME.yaml, and
// LANGUAGE/NAME.yaml for single languages. Texts are taken as they are:
// references to the environment are not resolved. The error joins one *Error
// per fault. A folder "" has no files.
func ReadMails(folder string) ([]TextFile[MailText], error) {
	return readTexts[MailText](folder, "mail")
}

// ReadMessages reads the files of a folder of text messages, likewise.
func ReadMessages(folder string) ([]TextFile[MessageText], error) {
	return readTexts[MessageText](folder, "message")
}

// readTexts reads the files of a folder; what says what each is.
func readTexts[T MailText | MessageText](folder, what string) ([]TextFile[T], error) {
	if folder == "" {
		return nil, nil
	}
	var files []TextFile[T]
	var faults []error
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(path, err)
		}
		if entry.IsDir() {
			return nil
		}
		if len(files) == maxTextFiles {
			return &Error{File: folder, Message: fmt.Sprintf("more than %d files", maxTextFiles), Remedy: "keep nothing but " + what + "s in this folder"}
		}
		file, err := readText[T](folder, path, what)
		if err != nil {
			faults = append(faults, err)
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		faults = append(faults, err)
	}
	return files, errors.Join(faults...)
}

func readText[T MailText | MessageText](folder, path, what string) (TextFile[T], error) {
	file := TextFile[T]{Path: path}
	below, err := filepath.Rel(folder, path)
	if err != nil {
		return file, err
	}
	parts := strings.Split(filepath.ToSlash(below), "/")
	name, isText := strings.CutSuffix(parts[len(parts)-1], ".yaml")
	if !isText || len(parts) > 2 {
		return file, file.Fault("not a "+what, "name it NAME.yaml, or LANGUAGE/NAME.yaml, after the "+what+" that it replaces")
	}
	file.Name = name
	if len(parts) == 2 {
		file.Language = parts[0]
	}
	data, err := readAtMost(path, maxTextFileBytes)
	if err != nil {
		return file, err
	}
	d := &decoder{faults: &faults{file: path}, dir: filepath.Dir(path), plain: true}
	if root := parseYAML(data, d.faults); root != nil {
		d.mapping(root, reflect.ValueOf(&file.Text).Elem())
	}
	return file, d.err()
}

// readAtMost reads a file that is not larger than a bound.
func readAtMost(path string, bound int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, bound+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if int64(len(data)) > bound {
		return nil, &Error{File: path, Message: fmt.Sprintf("larger than %d bytes", bound), Remedy: "make it shorter"}
	}
	return data, nil
}
