// A Lambda function that uses the Runtime API with the standard library only: {"name": "Ada"} returns
// {"message": "Hello, Ada!"}.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

type request struct {
	Name string `json:"name"`
}

type response struct {
	Message string `json:"message"`
}

type failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func greet(event []byte) (response, error) {
	var request request
	if err := json.Unmarshal(event, &request); err != nil {
		return response{}, err
	}
	return response{Message: fmt.Sprintf("Hello, %s!", request.Name)}, nil
}

// next waits for an invocation and returns its id and event.
func next(runtime string) (string, []byte, error) {
	answer, err := http.Get(runtime + "/invocation/next")
	if err != nil {
		return "", nil, err
	}
	defer answer.Body.Close()
	event, err := io.ReadAll(answer.Body)
	return answer.Header.Get("Lambda-Runtime-Aws-Request-Id"), event, err
}

// post sends the result of an invocation.
func post(url string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := http.Post(url, "application/json", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the Runtime API answered %s", answer.Status)
	}
	return nil
}

func serve(runtime string) error {
	for {
		id, event, err := next(runtime)
		if err != nil {
			return err
		}
		invocation := runtime + "/invocation/" + id
		if greeting, failed := greet(event); failed != nil {
			err = post(invocation+"/error", failure{Message: failed.Error(), Type: "BadEvent"})
		} else {
			err = post(invocation+"/response", greeting)
		}
		if err != nil {
			return err
		}
	}
}

func main() {
	log.Fatal(serve("http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime"))
}
