// Packs files and directories as aws-lambda-go's build-lambda-zip does: archive/zip with the best compression of
// compress/flate. Each file is read into memory.
//
//	go_peer ZIP MEMBER...
package main

import (
	"archive/zip"
	"compress/flate"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	file, err := os.Create(os.Args[1])
	must(err)
	archive := zip.NewWriter(file)
	archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, member := range os.Args[2:] {
		must(filepath.WalkDir(member, func(path string, entry fs.DirEntry, err error) error {
			must(err)
			if entry.IsDir() {
				return nil
			}
			header := &zip.FileHeader{Name: filepath.ToSlash(path), Method: zip.Deflate}
			header.SetMode(0o755)
			writer, err := archive.CreateHeader(header)
			must(err)
			contents, err := os.ReadFile(path)
			must(err)
			_, err = writer.Write(contents)
			return err
		}))
	}
	must(archive.Close())
	must(file.Close())
}
