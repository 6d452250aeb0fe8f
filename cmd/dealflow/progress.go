package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// progress is a bar on a terminal, and nothing elsewhere: a log of a bar helps
// nobody.
type progress struct {
	out io.Writer
	bar *progressbar.ProgressBar // nil where there is no terminal
}

// newProgress begins a bar for something that takes so many steps; -1 when
// nobody knows.
func newProgress(out io.Writer, what string, steps int64) *progress {
	p := &progress{out: out}
	if file, ok := out.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.bar = progressbar.NewOptions64(steps,
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetDescription(what),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(steps > 0),
			progressbar.OptionClearOnFinish(),
		)
	}
	return p
}

// to moves the bar.
func (p *progress) to(step int64) {
	if p.bar != nil {
		_ = p.bar.Set64(step) // a bar that cannot be drawn stops nothing
	}
}

// println prints a line above the bar.
func (p *progress) println(line string) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintln(p.out, line)
}

// done takes the bar away.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// grouped is a number as people read it: 8,800.
func grouped(n int) string { return message.NewPrinter(language.English).Sprintf("%d", n) }
