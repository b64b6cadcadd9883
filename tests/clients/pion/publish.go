package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264reader"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

const (
	pictureEvery = time.Second / 15
	soundEvery   = 20 * time.Millisecond
)

// newPeer makes a peer connection: webrtc.NewPeerConnection with pion's default codecs in pion's order, whatever is then sent.
type newPeer func(webrtc.Configuration) (*webrtc.PeerConnection, error)

// withCodecOf offers what is in that file, and Opus.
func withCodecOf(videoPath string) newPeer {
	return func(configuration webrtc.Configuration) (*webrtc.PeerConnection, error) {
		video := webrtc.RTPCodecCapability{MimeType: mimeOf(videoPath), ClockRate: 90000}
		if video.MimeType == webrtc.MimeTypeH264 {
			video.SDPFmtpLine = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
		}
		audio := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}
		engine := &webrtc.MediaEngine{}
		if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: video, PayloadType: 96}, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
		if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: audio, PayloadType: 111}, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
		return webrtc.NewAPI(webrtc.WithMediaEngine(engine)).NewPeerConnection(configuration)
	}
}

func mimeOf(videoPath string) string {
	if strings.HasSuffix(videoPath, ".h264") {
		return webrtc.MimeTypeH264
	}
	return webrtc.MimeTypeVP8
}

func publish(newPeer newPeer, endpoint, token, videoPath, audioPath string) error {
	peer, err := newPeer(webrtc.Configuration{})
	if err != nil {
		return err
	}
	defer peer.Close()
	mime := mimeOf(videoPath)
	video, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, "video", "pion")
	if err != nil {
		return err
	}
	audio, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "pion")
	if err != nil {
		return err
	}
	for _, track := range []webrtc.TrackLocal{video, audio} {
		sender, err := peer.AddTrack(track)
		if err != nil {
			return err
		}
		go drain(sender)
	}
	connected, failed := make(chan struct{}), make(chan error, 3)
	peer.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			close(connected)
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			failed <- fmt.Errorf("the connection is %s", state)
		}
	})
	if err := exchange(peer, endpoint, token); err != nil {
		return err
	}
	select {
	case <-connected:
	case err := <-failed:
		return err
	}
	if mime == webrtc.MimeTypeH264 {
		go repeat(videoPath, video, pictureEvery, openH264, failed)
	} else {
		go repeat(videoPath, video, pictureEvery, openIvf, failed)
	}
	go repeat(audioPath, audio, soundEvery, openOgg, failed)
	return <-failed
}

// drain reads what comes back, so that the interceptors see it.
func drain(sender *webrtc.RTPSender) {
	buffer := make([]byte, 1500)
	for {
		if _, _, err := sender.Read(buffer); err != nil {
			return
		}
	}
}

// samples gives one frame after another, and io.EOF.
type samples func() ([]byte, error)

// repeat sends a file in real time, over and over.
func repeat(path string, track *webrtc.TrackLocalStaticSample, every time.Duration, open func(io.Reader) (samples, error), failed chan<- error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := once(path, track, every, open, ticker); err != nil {
			failed <- err
			return
		}
	}
}

func once(path string, track *webrtc.TrackLocalStaticSample, every time.Duration, open func(io.Reader) (samples, error), ticker *time.Ticker) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	next, err := open(file)
	if err != nil {
		return err
	}
	for {
		data, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		<-ticker.C
		if err := track.WriteSample(media.Sample{Data: data, Duration: every}); err != nil {
			return err
		}
	}
}

func openIvf(file io.Reader) (samples, error) {
	reader, _, err := ivfreader.NewWith(file)
	return func() ([]byte, error) {
		frame, _, err := reader.ParseNextFrame()
		return frame, err
	}, err
}

// openH264 gives whole pictures: all slices, with the parameter sets before them.
func openH264(file io.Reader) (samples, error) {
	reader, err := h264reader.NewReader(file)
	var picture []byte
	hasSlice := false
	return func() ([]byte, error) {
		for {
			unit, err := reader.NextNAL()
			if err != nil {
				return nil, err
			}
			isSlice := unit.UnitType >= h264reader.NalUnitTypeCodedSliceNonIdr && unit.UnitType <= h264reader.NalUnitTypeCodedSliceIdr
			// The first bit of a slice is set when it begins at macroblock 0.
			begins := !isSlice || unit.Data[1]&0x80 != 0
			var whole []byte
			if begins && hasSlice {
				whole, picture, hasSlice = picture, nil, false
			}
			picture = append(append(picture, 0, 0, 0, 1), unit.Data...)
			hasSlice = hasSlice || isSlice
			if whole != nil {
				return whole, nil
			}
		}
	}, err
}

func openOgg(file io.Reader) (samples, error) {
	reader, _, err := oggreader.NewWith(file)
	return func() ([]byte, error) {
		for {
			page, header, err := reader.ParseNextPage()
			if err != nil || header.GranulePosition > 0 { // a page without samples is of tags
				return page, err
			}
		}
	}, err
}
