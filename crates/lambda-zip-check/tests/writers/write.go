// Writes zips of a function with Go's standard library: write BOOTSTRAP DIRECTORY
package main

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

type file struct {
	name     string
	contents []byte
	mode     fs.FileMode
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	bootstrap, err := os.ReadFile(os.Args[1])
	must(err)
	files := []file{
		{"bootstrap", bootstrap, 0o755},
		{"conf/", nil, fs.ModeDir | 0o755},
		{"conf/a.txt", bytes.Repeat([]byte("the same again "), 200), 0o644},
		{"empty", nil, 0o644},
	}
	for name, method := range map[string]uint16{"stored": zip.Store, "deflated": zip.Deflate} {
		write(filepath.Join(os.Args[2], "go-"+name+"-streamed.zip"), files, method, false)
	}
	write(filepath.Join(os.Args[2], "go-stored.zip"), files, zip.Store, true)
}

func write(path string, files []file, method uint16, raw bool) {
	out, err := os.Create(path)
	must(err)
	archive := zip.NewWriter(out)
	for _, file := range files {
		header := &zip.FileHeader{Name: file.name, Method: method}
		header.SetMode(file.mode)
		if raw {
			header.CRC32 = crc32.ChecksumIEEE(file.contents)
			header.UncompressedSize64 = uint64(len(file.contents))
			header.CompressedSize64 = header.UncompressedSize64
			entry, err := archive.CreateRaw(header)
			must(err)
			_, err = entry.Write(file.contents)
			must(err)
			continue
		}
		entry, err := archive.CreateHeader(header)
		must(err)
		_, err = entry.Write(file.contents)
		must(err)
	}
	must(archive.Close())
	must(out.Close())
}
