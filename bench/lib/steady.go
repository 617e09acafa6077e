// A load of a fixed rate: what a server costs at it, and how long it takes, can be compared from run to run, which a tool that
// asks as fast as it can does not allow. Every answer is compared with what it must be.
//
//	steady http|redis PORT REQUESTS_A_SECOND CONNECTIONS SECONDS
//
// With 0 requests a second every connection asks again as soon as it has its answer. Prints {"requests","wrong","p50Us","p99Us","meanUs"}.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type result struct {
	took  []time.Duration
	wrong int
}

func httpAnswer(in *bufio.Reader) bool {
	length, ok := 0, false
	for first := true; ; first = false {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if first {
			ok = strings.HasPrefix(line, "HTTP/1.1 200")
		}
		if line == "\r\n" {
			break
		}
		if name, value, found := strings.Cut(line, ":"); found && strings.EqualFold(name, "content-length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(in, body)
	return ok && err == nil && string(body) == "hello"
}

func redisAnswer(in *bufio.Reader) bool {
	answer := make([]byte, 11)
	_, err := io.ReadFull(in, answer)
	return err == nil && string(answer) == "$5\r\nhello\r\n"
}

func talk(port string, start time.Time, every time.Duration, until time.Time, request []byte, isRight func(*bufio.Reader) bool) (found result) {
	connection, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		found.wrong = 1
		return
	}
	defer connection.Close()
	in := bufio.NewReader(connection)
	for due, sent := start, start; due.Before(until) && sent.Before(until); due = due.Add(every) {
		time.Sleep(time.Until(due))
		sent = time.Now()
		if _, err := connection.Write(request); err != nil || !isRight(in) {
			found.wrong++
			return
		}
		found.took = append(found.took, time.Since(sent))
	}
	return
}

func main() {
	kind, port := os.Args[1], os.Args[2]
	rate, _ := strconv.Atoi(os.Args[3])
	connections, _ := strconv.Atoi(os.Args[4])
	seconds, _ := strconv.Atoi(os.Args[5])
	request, isRight := []byte("GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nUser-Agent: steady\r\nAccept: */*\r\n\r\n"), httpAnswer
	if kind == "redis" {
		request, isRight = []byte("*2\r\n$3\r\nGET\r\n$5\r\nbench\r\n"), redisAnswer
	}
	every := time.Duration(0)
	if rate > 0 {
		every = time.Second * time.Duration(connections) / time.Duration(rate)
	}
	begin := time.Now().Add(50 * time.Millisecond)
	until := begin.Add(time.Duration(seconds) * time.Second)
	results := make([]result, connections)
	var all sync.WaitGroup
	for i := range results {
		all.Add(1)
		go func() {
			defer all.Done()
			results[i] = talk(port, begin.Add(every*time.Duration(i)/time.Duration(connections)), every, until, request, isRight)
		}()
	}
	all.Wait()
	var took []time.Duration
	wrong := 0
	for _, one := range results {
		took = append(took, one.took...)
		wrong += one.wrong
	}
	var sum time.Duration
	for _, one := range took {
		sum += one
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	at := func(share float64) float64 { return float64(took[int(float64(len(took)-1)*share)].Nanoseconds()) / 1000 }
	fmt.Printf("{\"requests\":%d,\"wrong\":%d,\"p50Us\":%.1f,\"p99Us\":%.1f,\"meanUs\":%.1f}\n", len(took), wrong, at(0.5), at(0.99), float64(sum.Nanoseconds())/1000/float64(len(took)))
}
