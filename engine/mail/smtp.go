package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/authhost/authhost/engine/postbox"
)

// TLS modes of SMTPConfig.
const (
	StartTLS    = "starttls" // plain connection that must be upgraded (RFC 3207)
	ImplicitTLS = "implicit" // TLS from the first byte (RFC 8314)
	NoTLS       = "none"     // plain text, for a relay on the same host
)

// SMTPConfig names a mail submission server (RFC 6409).
type SMTPConfig struct {
	Host     string
	Port     int // default 587, or 465 for ImplicitTLS
	Username string
	Password string
	TLS      string // default StartTLS
	From     string // sender of messages that name none (RFC 5322)
	// Timeout for dialling, and for each exchange with the server after that;
	// default 30 seconds.
	Timeout time.Duration
	// TLSConfig, if not nil, is used instead of the system's roots and TLS 1.2.
	TLSConfig *tls.Config
}

const defaultSMTPTimeout = 30 * time.Second

// SMTP sends messages through a mail server, one connection per message. It
// is safe for concurrent use.
type SMTP struct {
	config  SMTPConfig
	options []gomail.Option
	from    *netmail.Address
}

// NewSMTP returns a sender. It does not connect yet.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail: sender %q is not an address", c.From)
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultSMTPTimeout
	}
	s := &SMTP{config: c, from: from, options: []gomail.Option{gomail.WithTimeout(c.Timeout)}}
	switch c.TLS {
	case "", StartTLS:
		s.options = append(s.options, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		s.options = append(s.options, gomail.WithSSLPort(false))
	case NoTLS:
		s.options = append(s.options, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("mail: unknown TLS mode %q", c.TLS)
	}
	if c.Port != 0 {
		s.options = append(s.options, gomail.WithPort(c.Port))
	}
	if c.TLSConfig != nil {
		s.options = append(s.options, gomail.WithTLSConfig(c.TLSConfig))
	}
	if c.Username != "" {
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	if _, err := gomail.NewClient(c.Host, s.options...); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

// Send hands the message to the mail server and returns when it is accepted.
// An error that is final (postbox.IsFinal) will come again if the message is sent
// again.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	message, err := s.compose(m)
	if err != nil {
		return postbox.Final(err)
	}
	// A client holds one connection, so each message gets its own.
	client, err := gomail.NewClient(s.config.Host, s.options...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	// The library obeys the context while it dials only. When ctx ends later,
	// the attempt is left to end by itself within Timeout.
	result := make(chan error, 1)
	go func() { result <- client.DialAndSendWithContext(ctx, message) }()
	select {
	case err = <-result:
	case <-ctx.Done():
		err = ctx.Err()
	}
	var refused *gomail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		// The library's text has the recipient in it, who is nobody's business
		// who reads logs.
		err = fmt.Errorf("mail: %s", strings.ReplaceAll(refused.Error(), m.To, "recipient"))
		if !refused.IsTemp() {
			err = postbox.Final(err)
		}
		return err
	default:
		return fmt.Errorf("mail: %w", err)
	}
}

func (s *SMTP) compose(m Message) (*gomail.Msg, error) {
	if err := checkAddress(m.To); err != nil {
		return nil, err
	}
	from := s.from
	if m.From != "" {
		var err error
		if from, err = netmail.ParseAddress(m.From); err != nil {
			return nil, fmt.Errorf("mail: sender %q is not an address", m.From)
		}
	}
	out := gomail.NewMsg()
	out.FromMailAddress(from)
	out.ToMailAddress(&netmail.Address{Address: m.To})
	out.Subject(headerText(m.Subject))
	if m.CreatedAt.IsZero() {
		m.CreatedAt = time.Now()
	}
	out.SetDateWithValue(m.CreatedAt)
	if m.ID != "" {
		// A mail that is sent twice can be told by it.
		_, domain, _ := strings.Cut(from.Address, "@")
		out.SetMessageIDWithValue(m.ID + "@" + domain)
	} else {
		out.SetMessageID()
	}
	// RFC 3834: out-of-office robots do not answer such mails.
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		out.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return out, nil
}
