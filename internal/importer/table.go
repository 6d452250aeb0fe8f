package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is a CSV file whose first line names its columns.
type table struct {
	csv     *csv.Reader
	bounded *bounded
	columns columns
	width   int   // of every row
	mark    int64 // how many bytes came before what csv reads
	last    int   // the line of the last row
}

// columns are the places of a file's columns, by name.
type columns map[string]int

func (c columns) String() string {
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int { return c[a] - c[b] })
	return strings.Join(names, ", ")
}

// newTable reads the header of a file.
func newTable(r io.Reader, comma rune) (*table, error) {
	limit := &bounded{r: r, left: maxRow}
	start := bufio.NewReader(limit)
	t := &table{bounded: limit}
	if err := t.skipMark(start); err != nil {
		return nil, err
	}
	t.csv = csv.NewReader(start)
	t.csv.Comma, t.csv.FieldsPerRecord, t.csv.ReuseRecord = comma, -1, true
	header, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line has to name the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", reason(err))
	}
	t.columns = make(columns, len(header))
	for i, name := range header {
		name = strings.Clone(strings.TrimSpace(name))
		if _, twice := t.columns[name]; twice && name != "" {
			return nil, fmt.Errorf("line 1: two columns have the name %q", name)
		}
		if !utf8.ValidString(name) {
			return nil, fmt.Errorf("line 1: the name %q is not UTF-8; save the file in UTF-8", name)
		}
		t.columns[name] = i
	}
	t.width, t.last = len(header), 1
	return t, nil
}

// The marks that programs put at the start of a file to tell its encoding.
var (
	markUTF8  = []byte("\xef\xbb\xbf")
	marksWide = [][]byte{[]byte("\xff\xfe"), []byte("\xfe\xff")}
)

// skipMark skips the mark of UTF-8.
func (t *table) skipMark(start *bufio.Reader) error {
	mark, err := start.Peek(len(markUTF8))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, wide := range marksWide {
		if bytes.HasPrefix(mark, wide) {
			return errors.New("the file is in UTF-16; save it in UTF-8 (in Excel: CSV UTF-8)")
		}
	}
	if bytes.Equal(mark, markUTF8) {
		n, err := start.Discard(len(markUTF8))
		t.mark = int64(n)
		return err
	}
	return nil
}

// next reads a row, and the line that it begins on. Rows with nothing in them
// are skipped. An error of type RowError is that row's alone, and the next one
// may be read; the end is io.EOF. The row is good until the next call.
func (t *table) next() (int, []string, error) {
	for {
		t.bounded.left = maxRow
		row, err := t.csv.Read()
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken):
			t.last = broken.StartLine
			return t.last, nil, RowError{t.last, reason(err).Error()}
		case errors.Is(err, io.EOF):
			return 0, nil, err
		case err != nil:
			return 0, nil, fmt.Errorf("after line %d: %w", t.last, err)
		}
		t.last, _ = t.csv.FieldPos(0)
		if !blank(row) {
			return t.last, row, t.check(t.last, row)
		}
	}
}

// check tells what is wrong with the shape of a row.
func (t *table) check(number int, row []string) error {
	if len(row) != t.width {
		return RowError{number, fmt.Sprintf("it has %d columns, and the first line has %d", len(row), t.width)}
	}
	for i, value := range row {
		if !utf8.ValidString(value) {
			return RowError{number, fmt.Sprintf("column %d is not UTF-8; save the file in UTF-8", i+1)}
		}
	}
	return nil
}

// offset is how many bytes of the file have been read.
func (t *table) offset() int64 { return t.mark + t.csv.InputOffset() }

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(value string) bool { return strings.TrimSpace(value) != "" })
}

// reason is what a parser found wrong, without the place, which is told anyway.
func reason(err error) error {
	var broken *csv.ParseError
	if !errors.As(err, &broken) {
		return err
	}
	switch {
	case errors.Is(broken.Err, csv.ErrQuote):
		return errors.New(`a quote is missing, or one too many: write "" for a quote inside of quotes`)
	case errors.Is(broken.Err, csv.ErrBareQuote):
		return errors.New(`there is a quote in a value that does not begin with one: put the value in quotes, and write "" for the one inside`)
	default:
		return broken.Err
	}
}

// maxRow bounds a row. A quote that is never closed makes one row of all that
// follows, which must not end up in memory.
const maxRow = 16 << 20

// bounded reads until so many bytes have come without a row.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row has more than %d MB: is the quote missing that closes a value?", maxRow>>20)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
