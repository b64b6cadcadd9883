package main

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/h264writer"
	"github.com/pion/webrtc/v4/pkg/media/ivfwriter"
	"github.com/pion/webrtc/v4/pkg/media/oggwriter"
)

const patience = 30 * time.Second

// play writes what comes to FOLDER/video.ivf or video.h264 and FOLDER/audio.ogg.
func play(endpoint, token, folder string, duration time.Duration) error {
	peer, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	began, failed := make(chan struct{}, 2), make(chan error, 4)
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		receiving := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := peer.AddTransceiverFromKind(kind, receiving); err != nil {
			return err
		}
	}
	written := make(chan struct{}, 2)
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer func() { written <- struct{}{} }()
		writer, err := open(track.Codec().MimeType, folder)
		if err != nil {
			failed <- err
			return
		}
		defer writer.Close()
		var packet *rtp.Packet
		for first := true; ; first = false {
			if packet, _, err = track.ReadRTP(); err != nil {
				return // the connection is closed
			}
			if first && track.Kind() == webrtc.RTPCodecTypeVideo {
				began <- struct{}{}
			}
			if err := writer.WriteRTP(packet); err != nil {
				failed <- err
				return
			}
		}
	})
	if err := exchange(peer, endpoint, token); err != nil {
		return err
	}
	select {
	case <-began:
	case err := <-failed:
		return err
	case <-time.After(patience):
		return fmt.Errorf("no picture within %s; the connection is %s", patience, peer.ConnectionState())
	}
	select {
	case <-time.After(duration):
	case err := <-failed:
		return err
	}
	if err := peer.Close(); err != nil {
		return err
	}
	for range peer.GetTransceivers() {
		select {
		case <-written:
		case <-time.After(5 * time.Second): // a track of which nothing came
		}
	}
	return nil
}

func open(mime, folder string) (media.Writer, error) {
	switch mime {
	case webrtc.MimeTypeVP8:
		return ivfwriter.New(filepath.Join(folder, "video.ivf"))
	case webrtc.MimeTypeH264:
		return h264writer.New(filepath.Join(folder, "video.h264"))
	case webrtc.MimeTypeOpus:
		return oggwriter.New(filepath.Join(folder, "audio.ogg"), 48000, 2)
	}
	return nil, fmt.Errorf("nothing writes %s", mime)
}
