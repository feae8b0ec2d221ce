package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path"
	"path/filepath"
)

// pack writes a compressed archive of files into one folder. The same files
// give the same bytes: times, owners and the modes of the checkout are left out.
func pack(w io.Writer, folder string, files []string) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		mode := int64(0o644)
		if i == 0 { // the program
			mode = 0o755
		}
		header := &tar.Header{Name: path.Join(folder, filepath.Base(file)), Mode: mode, Size: int64(len(data)), Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}
