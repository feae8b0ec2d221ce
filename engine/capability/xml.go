package capability

import (
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/xmlsig"
	"github.com/authhost/authhost/pluginapi"
)

// What the work for a document costs of the fuel of the call, beside the host
// call itself: about what a guest could do in the time that it takes, of the
// documents which take most.
const (
	fuelXMLByte = 400
	fuelSign    = 1_000_000 // of crypto.sign, too
)

func (h *Functions) xmlVerify(ctx context.Context, c *dispatch.Call, a xmlVerifyArgs) (document.Value, error) {
	certificates, err := xmlCertificates(a.Certificates)
	if err == nil {
		err = xmlAlgorithms(a.Algorithms)
	}
	if err != nil {
		return document.Value{}, err
	}
	d, err := readXML(ctx, a.Document, a.DocumentEncoding, len(certificates))
	if err != nil {
		return document.Value{}, err
	}
	o := xmlsig.VerifyOptions{Certificates: certificates, Algorithms: a.Algorithms}
	if a.CheckTime {
		o.At = c.Exchange.Now
	}
	v, err := d.Verify(xmlName(a.Element), o)
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	return object(document.NewObject(3).Set("canonical", document.Text(string(v.Canonical))).
		Set("algorithm", document.Text(v.Algorithm)).
		Set("certificate", document.Text(base64.StdEncoding.EncodeToString(v.Certificate.Raw)))), nil
}

func (h *Functions) xmlSign(ctx context.Context, c *dispatch.Call, a xmlSignArgs) (document.Value, error) {
	certificate, err := xmlsig.ParseCertificate(a.Certificate)
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	key, err := h.xmlKey(c, a.Secret, a.SealedKey)
	if err != nil {
		return document.Value{}, err
	}
	d, err := readXML(ctx, a.Document, a.DocumentEncoding, 0)
	if err != nil {
		return document.Value{}, err
	}
	sandbox.Charge(ctx, fuelSign)
	signed, err := d.Sign(xmlName(a.Element), xmlsig.SignOptions{
		Key: key, Certificate: certificate, Hash: xmlHashes[cmp.Or(a.Hash, pluginapi.HashSHA256)], After: a.After,
	})
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	return textResult("document", string(signed), nil)
}

func (h *Functions) xmlSignText(ctx context.Context, c *dispatch.Call, a xmlSignTextArgs) (document.Value, error) {
	key, err := h.xmlKey(c, a.Secret, a.SealedKey)
	if err != nil {
		return document.Value{}, err
	}
	sandbox.Charge(ctx, fuelSign)
	signature, err := xmlsig.SignText([]byte(a.Text), a.Alg, key)
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	return textResult("signature", base64.StdEncoding.EncodeToString(signature), nil)
}

func (h *Functions) xmlVerifyText(_ context.Context, c *dispatch.Call, a xmlVerifyTextArgs) (document.Value, error) {
	certificates, err := xmlCertificates(a.Certificates)
	if err != nil {
		return document.Value{}, err
	}
	signature, err := decoded("base64", a.Signature, "signature")
	if err != nil {
		return document.Value{}, err
	}
	o := xmlsig.VerifyOptions{Certificates: certificates}
	if a.CheckTime {
		o.At = c.Exchange.Now
	}
	certificate, err := xmlsig.VerifyText([]byte(a.Text), a.Alg, signature, o)
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	return textResult("certificate", base64.StdEncoding.EncodeToString(certificate.Raw), nil)
}

// xmlHashes are the hash functions of signatures by name.
var xmlHashes = map[string]crypto.Hash{pluginapi.HashSHA256: crypto.SHA256, pluginapi.HashSHA384: crypto.SHA384, pluginapi.HashSHA512: crypto.SHA512}

func (h *Functions) xmlCanonicalize(ctx context.Context, _ *dispatch.Call, a xmlCanonicalizeArgs) (document.Value, error) {
	d, err := readXML(ctx, a.Document, a.DocumentEncoding, 0)
	if err != nil {
		return document.Value{}, err
	}
	canonical, err := d.Canonicalize(xmlName(a.Element), xmlsig.CanonicalOptions{Inclusive: a.Form == "inclusive", Comments: a.Comments, Prefixes: a.Prefixes})
	if err != nil {
		return document.Value{}, xmlFault(err)
	}
	return textResult("canonical", string(canonical), nil)
}

// readXML reads the document of a call, and charges for it: once, and so many
// times more.
func readXML(ctx context.Context, text, encoding string, more int) (*xmlsig.Document, error) {
	source, err := decoded(encoding, text, "document")
	if err != nil {
		return nil, err
	}
	sandbox.Charge(ctx, fuelXMLByte*uint64(len(source))*uint64(1+more))
	d, err := xmlsig.Parse(source)
	if err != nil {
		return nil, xmlFault(err)
	}
	return d, nil
}

// xmlName is the element that an argument names; the document's, if there is no
// argument.
func xmlName(a *argXMLName) xmlsig.Name {
	if a == nil {
		return xmlsig.Name{}
	}
	return xmlsig.Name{Namespace: a.Namespace, Local: a.Name}
}

func xmlCertificates(texts []string) ([]*x509.Certificate, error) {
	if len(texts) == 0 || len(texts) > pluginapi.MaxXMLCertificates {
		return nil, invalid(fmt.Sprintf("there must be 1 to %d certificates", pluginapi.MaxXMLCertificates))
	}
	list := make([]*x509.Certificate, len(texts))
	for i, text := range texts {
		c, err := xmlsig.ParseCertificate(text)
		if err != nil {
			return nil, xmlFault(err)
		}
		list[i] = c
	}
	return list, nil
}

func xmlAlgorithms(names []string) error {
	for _, name := range names {
		if !slices.Contains(pluginapi.XMLAlgorithms(), name) {
			return invalid("there is no signature algorithm " + name)
		}
	}
	return nil
}

// xmlKey gives the private key of a call: a text of the configuration, or one
// that was sealed.
func (h *Functions) xmlKey(c *dispatch.Call, setting string, sealed *argSealedKey) (crypto.Signer, error) {
	text, _, err := h.hiddenKey(c, setting, sealed)
	if err != nil {
		return nil, err
	}
	key, err := xmlsig.ParseKey(text)
	if err != nil {
		return nil, xmlFault(err)
	}
	return key, nil
}

// xmlFault is what a plugin is told of why a document or key is refused.
func xmlFault(err error) error {
	var e *xmlsig.Error
	if !errors.As(err, &e) {
		return err
	}
	r := &dispatch.Refusal{Status: pluginapi.StatusInvalid, Code: string(e.Reason), Message: e.Message, Cause: e.Cause}
	switch e.Reason {
	case xmlsig.NotFound:
		r.Status, r.Code = pluginapi.StatusNotFound, ""
	case xmlsig.TooLarge:
		r.Status, r.Code = pluginapi.StatusLimit, ""
	}
	return r
}
