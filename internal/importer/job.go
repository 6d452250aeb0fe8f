package importer

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"strings"

	"dealflow/internal/sales"
)

// job brings in the rows of a file, a batch at a time.
type job[R any] struct {
	*Import
	file   *table
	format *format
	read   func(*cells) *R
	key    func(*R) *string
	write  func(context.Context, []*R) ([]sales.Imported, error)

	batch  []line[R]
	seen   seen
	result Result
}

// line is a row of the file: what it says, or what is wrong with it.
type line[R any] struct {
	number int
	row    *R
	wrong  []string
}

// run brings all rows in.
func (j *job[R]) run(ctx context.Context) (Result, error) {
	j.seen = newSeen()
	for {
		number, values, err := j.file.next()
		var wrong RowError
		switch {
		case errors.Is(err, io.EOF):
			return j.result, j.flush(ctx)
		case errors.As(err, &wrong):
			j.batch = append(j.batch, line[R]{number: number, wrong: []string{wrong.Message}})
		case err != nil:
			return j.result, errors.Join(j.flush(ctx), err)
		default:
			j.batch = append(j.batch, j.readLine(number, values))
		}
		if len(j.batch) == batchSize {
			if err := j.flush(ctx); err != nil {
				return j.result, err
			}
		}
	}
}

// readLine makes of a row of the file what comes in.
func (j *job[R]) readLine(number int, values []string) line[R] {
	c := &cells{columns: j.file.columns, values: values, format: j.format}
	row := j.read(c)
	if key := j.key(row); key != nil {
		if first := j.seen.before(*key, number); first > 0 {
			c.fail("externalId: line %d has %q too", first, *key)
		}
	}
	return line[R]{number, row, c.wrong}
}

// flush brings the batch in, and reports on it.
func (j *job[R]) flush(ctx context.Context) error {
	var rows []*R
	for _, one := range j.batch {
		if len(one.wrong) == 0 {
			rows = append(rows, one.row)
		}
	}
	if len(rows) > 0 {
		results, err := j.write(ctx, rows)
		if err != nil {
			return err
		}
		j.account(results)
	}
	j.tell()
	j.batch = j.batch[:0]
	return nil
}

// account counts what became of the rows of the batch that were written.
func (j *job[R]) account(results []sales.Imported) {
	for i := range j.batch {
		if len(j.batch[i].wrong) > 0 {
			continue
		}
		switch result := results[0]; result.Outcome {
		case sales.ImportNew:
			j.result.New++
		case sales.ImportUpdated:
			j.result.Updated++
		case sales.ImportUnchanged:
			j.result.Unchanged++
		default:
			j.batch[i].wrong = messages(result.Err)
		}
		results = results[1:]
	}
}

// tell reports the batch's bad rows, and how far the import has come.
func (j *job[R]) tell() {
	for _, one := range j.batch {
		j.result.Rows++
		if len(one.wrong) == 0 {
			continue
		}
		j.result.Failed++
		// When all is run again, only what is new is told.
		if j.Report != nil && one.number > j.reported {
			j.Report(RowError{one.number, strings.Join(one.wrong, "; ")})
			j.reported = one.number
		}
	}
	if j.Progress != nil {
		j.Progress(j.file.offset())
	}
}

// messages are the messages of the rules, in the words of a mapping.
func messages(err error) []string {
	var all sales.Errors
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = message(one)
	}
	return texts
}

func message(err sales.UserError) string {
	var input sales.InputError
	switch one := err.(type) {
	case sales.DuplicateDealError:
		input = one.InputError
	case sales.InputError:
		input = one
	default:
		return err.Error()
	}
	if input.Code == sales.CodeDuplicateDeal {
		return "the contact already has an open deal in this pipeline; allowDuplicates: true in the mapping lets it have more"
	}
	text := strings.TrimSuffix(input.Message, ".")
	if strings.Contains(text, input.Path[len(input.Path)-1]+" field") {
		return text
	}
	return strings.Join(input.Path[1:], ".") + ": " + text // a rule's path begins with input
}

// seen remembers which external ids a file has had, and on which lines. It
// keeps a hash of each, not the text: the one thing here that grows with the
// file, by some thirty bytes a row. Two ids have the same hash once in 10^7
// files of a million rows.
type seen struct {
	seed  maphash.Seed
	lines map[uint64]int
}

func newSeen() seen { return seen{maphash.MakeSeed(), map[uint64]int{}} }

// before is the line that had a key before this one, or 0.
func (s seen) before(key string, number int) int {
	hash := maphash.String(s.seed, key)
	if first, ok := s.lines[hash]; ok {
		return first
	}
	s.lines[hash] = number
	return 0
}
