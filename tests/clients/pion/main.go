// A WHIP publisher and a WHEP player of pion, as its users write them from its examples.
//
//	pion publish|publish-alone ENDPOINT TOKEN VIDEO.ivf|VIDEO.h264 AUDIO.ogg
//	pion play ENDPOINT TOKEN FOLDER SECONDS
//
// Alone: the codec that is sent is the only one of its kind in the offer. Publishing goes on until it is ended; playing ends so many seconds after the first picture's first packet.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "version":
		err = printVersion()
	case len(os.Args) == 6 && os.Args[1] == "publish":
		err = publish(webrtc.NewPeerConnection, os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case len(os.Args) == 6 && os.Args[1] == "publish-alone":
		err = publish(withCodecOf(os.Args[4]), os.Args[2], os.Args[3], os.Args[4], os.Args[5])
	case len(os.Args) == 6 && os.Args[1] == "play":
		var seconds int
		if seconds, err = strconv.Atoi(os.Args[5]); err == nil {
			err = play(os.Args[2], os.Args[3], os.Args[4], time.Duration(seconds)*time.Second)
		}
	default:
		err = fmt.Errorf("usage: pion publish|play …")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func printVersion() error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return fmt.Errorf("built without module information")
	}
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/pion/webrtc/v4" {
			fmt.Printf("pion/webrtc %s (%s)\n", dependency.Version, info.GoVersion)
		}
	}
	return nil
}

// exchange sends the offer with all its candidates and takes the answer; a stream that is not there yet is waited for.
func exchange(peer *webrtc.PeerConnection, endpoint, token string) error {
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	if err = peer.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	for attempt := 0; ; attempt++ {
		status, body, err := post(endpoint, token, peer.LocalDescription().SDP)
		if err != nil {
			return err
		}
		if status == http.StatusCreated {
			return peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: body})
		}
		if status != http.StatusNotFound || attempt == 100 {
			return fmt.Errorf("HTTP %d: %s", status, strings.TrimSpace(body))
		}
		time.Sleep(250 * time.Millisecond)
	}
}

func post(endpoint, token, offer string) (int, string, error) {
	request, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(offer))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/sdp")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}
