// Command jsonguest is the guest of the benchmarks: it decodes a request and
// encodes a response with encoding/json.
package main
