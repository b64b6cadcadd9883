//! Peers that know their keys and mean no good: bytes become authentic packets, feedback, commands and time.
//!
//! The fuzz target `engine_media` and a seeded test run the same interpreter. Nothing dies in header parsing or
//! authentication here: every packet is protected by a real sender context, so the bytes reach the code behind it.

mod packets;
mod world;

use packets::{Bytes, SSRCS, media, retransmission, rtcp};
use world::World;

use salon_packets_core::command::Command;
use salon_packets_core::config::{
    Codec, CodecName, KeyframeFeedback, MediaKind, SignalledParameterSet, SinkConfig, SourceConfig,
};
use salon_packets_core::wire::extensions::{ExtensionIds, ExtensionKind};

const MS: u64 = 1_000_000;
pub const PEERS: usize = 6;
/// Peers on this machine.
pub const LINKS: usize = 2;
const OBJECTS: u64 = 8;
/// A source that has a replacement from the beginning.
const ORIGINAL: u64 = 0;
const REPLACEMENT: u64 = 6;
/// More would only make one run long.
const MAX_STEPS: usize = 400;

pub const CODECS: [Codec; 3] = [
    Codec {
        name: CodecName::Vp8,
        payload_type: 96,
        clock_rate_hz: 90_000,
        rtx_payload_type: Some(97),
    },
    Codec {
        name: CodecName::H264,
        payload_type: 98,
        clock_rate_hz: 90_000,
        rtx_payload_type: Some(99),
    },
    Codec {
        name: CodecName::Opus,
        payload_type: 111,
        clock_rate_hz: 48_000,
        rtx_payload_type: None,
    },
];

/// Interprets the bytes against a fresh engine; panics where the engine breaks a promise.
pub fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut world = World::new();
    for peer in 0..PEERS {
        world.join(peer);
    }
    for link in 0..LINKS {
        world.join_link(link);
    }
    // Something flows from the beginning, so that short inputs get somewhere too.
    for (peer, kind) in [(0, 0x04), (1, 0x05), (0, 0x06)] {
        add_source(&mut world, peer as u64, peer, kind);
    }
    for peer in 2..PEERS {
        add_sink(
            &mut world,
            peer as u64,
            peer,
            peer as u64 % 3,
            0x2f ^ peer as u8,
        );
    }
    begin_replaced(&mut world);
    for _ in 0..MAX_STEPS {
        let Some(step) = bytes.next() else { break };
        perform(&mut world, step, &mut bytes);
    }
    world.end();
}

/// One source has a local consumer, and another one of its codec replaces it.
fn begin_replaced(world: &mut World) {
    let (local, link) = (world.link_id(0), world.link_id(1));
    add_sink_on(world, 6, local, ORIGINAL, 0);
    add_source_on(world, REPLACEMENT, link, 0x0c);
    for choice in [0, 0x10] {
        let packet = media(&mut world.tracks, 0, &mut Bytes(&[0, choice]));
        world.send_rtp(0, &packet);
        world.command(Command::SwitchTo {
            source: ORIGINAL,
            replacement: REPLACEMENT,
        });
    }
    let mut local = world.local_tracks;
    let packet = packets::picture(&mut local, &world.tracks, 0, 0, &mut Bytes(&[4]));
    world.local_tracks = local;
    world.send_local(1, &packet);
}

fn perform(world: &mut World, step: u8, bytes: &mut Bytes<'_>) {
    let peer = usize::from(step >> 4) % PEERS;
    match step & 0x0f {
        // Video of either codec, most of it well made, some missing: the common case has the most room.
        0..=3 => {
            let count = bytes.byte() % 24;
            for _ in 0..=count {
                let packet = media(&mut world.tracks, peer, bytes);
                world.send_rtp(peer, &packet);
            }
        }
        4 => {
            let packet = retransmission(&mut world.tracks, peer, bytes);
            world.send_rtp(peer, &packet);
        }
        5 | 6 => {
            let compound = rtcp(&world.seen, peer, bytes);
            world.send_rtcp(peer, &compound);
        }
        // What is asked for is what was sent.
        7 => {
            let compound = packets::nack_of(world.seen[peer].last().copied(), bytes);
            world.send_rtcp(peer, &compound);
        }
        8 => world.advance(u64::from(bytes.byte()) * MS / 8),
        9 => world.advance(u64::from(bytes.byte()) * 40 * MS),
        10 => world.batch(bytes.byte().is_multiple_of(2)),
        11 => world.check(peer, bytes.byte()),
        12 => world.replay(peer, bytes.byte()),
        13 => {
            let link = usize::from(step >> 4) % LINKS;
            let count = bytes.byte() % 12;
            for _ in 0..=count {
                let packet = local(world, bytes);
                world.send_local(link, &packet);
            }
        }
        _ => command(world, peer, bytes),
    }
}

/// What a transcoder of bad will returns: pictures of a publisher's timestamps or not, feedback, or noise.
fn local(world: &mut World, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let what = bytes.byte();
    match what & 7 {
        0..=4 => {
            let publisher = usize::from(what >> 3 & 1);
            let behind = u32::from(what >> 4) * 1500;
            packets::picture(
                &mut world.local_tracks,
                &world.tracks,
                publisher,
                behind,
                bytes,
            )
        }
        5 => media(&mut world.local_tracks, 0, bytes),
        6 => rtcp(&world.seen, 0, bytes),
        _ => {
            let count = usize::from(bytes.byte());
            bytes.take(count).to_vec()
        }
    }
}

fn command(world: &mut World, peer: usize, bytes: &mut Bytes<'_>) {
    let (what, argument) = (bytes.byte(), bytes.byte());
    let object = u64::from(argument) % OBJECTS;
    let other = u64::from(argument >> 3) % OBJECTS;
    match what % 20 {
        0 => add_source(world, object, peer, bytes.byte()),
        1 | 2 => add_sink(
            world,
            object,
            peer,
            u64::from(bytes.byte()) % OBJECTS,
            argument,
        ),
        3 => world.command(Command::RemoveSource { source: object }),
        4 => world.command(Command::RemoveSink { sink: object }),
        5 | 6 => world.command(Command::PauseSink {
            sink: object,
            paused: argument & 0x80 != 0,
        }),
        7 => world.command(Command::RequestKeyframe { source: object }),
        8 => world.leave(peer),
        9 => world.join(peer),
        10 => world.command(Command::SwitchTo {
            source: object,
            replacement: other,
        }),
        11 | 12 => world.command(Command::SwitchTo {
            source: ORIGINAL,
            replacement: REPLACEMENT,
        }),
        13 => world.command(Command::SwitchBack { source: ORIGINAL }),
        14 => world.command(Command::SwitchBack { source: object }),
        15 => world.command(Command::Hold {
            source: object,
            max_ms: u32::from(argument) * 10,
        }),
        16 => {
            let transport = world.link_id(usize::from(argument) % LINKS);
            add_source_on(world, object, transport, bytes.byte());
        }
        17 => {
            let transport = world.link_id(usize::from(argument) % LINKS);
            add_sink_on(world, object, transport, other, argument);
        }
        18 => world.leave_link(usize::from(argument) % LINKS, argument & 0x80 != 0),
        _ => world.join_link(usize::from(argument) % LINKS),
    }
}

fn add_source(world: &mut World, source: u64, peer: usize, shape: u8) {
    let transport = world.id(peer);
    add_source_on(world, source, transport, shape);
}

fn signalled(unit: &[u8]) -> SignalledParameterSet {
    SignalledParameterSet {
        payload_type: CODECS[1].payload_type,
        unit: unit.to_vec(),
    }
}

fn add_source_on(world: &mut World, source: u64, transport: u64, shape: u8) {
    let codecs = match shape % 4 {
        0 => CODECS[..1].to_vec(),
        1 => CODECS[1..2].to_vec(),
        2 => CODECS[2..].to_vec(),
        _ => CODECS.to_vec(),
    };
    let ssrc = SSRCS[source as usize % 3];
    let config = SourceConfig {
        kind: if shape % 4 == 2 {
            MediaKind::Audio
        } else {
            MediaKind::Video
        },
        mid: format!("{}", source % 3),
        codecs,
        parameter_sets: vec![
            signalled(&[0x67, 0x42, 0xe0, 0x1f, 0x80, shape]),
            signalled(&[0x68, 0x80, shape]),
            signalled(&[shape]),
        ],
        ssrcs: if shape & 4 == 0 {
            vec![]
        } else {
            vec![(ssrc, Some(ssrc + 100))]
        },
        extensions: extension_ids(),
        keyframe_feedback: match shape & 64 {
            0 => KeyframeFeedback::Pli,
            _ => KeyframeFeedback::Fir,
        },
        nack: shape & 8 == 0,
        transport_cc: shape & 16 == 0,
        remb: shape & 32 != 0,
    };
    world.command(Command::AddSource {
        transport,
        source,
        config: Box::new(config),
    });
}

fn add_sink(world: &mut World, sink: u64, peer: usize, source: u64, shape: u8) {
    let transport = world.id(peer);
    add_sink_on(world, sink, transport, source, shape);
}

fn add_sink_on(world: &mut World, sink: u64, transport: u64, source: u64, shape: u8) {
    let codec = CODECS[usize::from(shape) % 3];
    // SSRCs are the owner's to choose, and it never gives one twice on a connection.
    let ssrc = world.fresh_ssrc();
    let config = SinkConfig {
        kind: if codec.name == CodecName::Opus {
            MediaKind::Audio
        } else {
            MediaKind::Video
        },
        mid: if shape & 16 == 0 {
            "m".into()
        } else {
            String::new()
        },
        codec,
        alternatives: if shape & 64 == 0 {
            vec![]
        } else {
            CODECS
                .iter()
                .map(|codec| (codec.payload_type, *codec))
                .collect()
        },
        ssrc,
        rtx_ssrc: (shape & 32 != 0).then_some(ssrc + 1),
        cname: "c".into(),
        extensions: extension_ids(),
        mixed_extensions: shape & 64 == 0,
        nack: shape & 8 != 0,
        transport_cc: shape & 4 != 0,
    };
    world.command(Command::AddSink {
        transport,
        sink,
        source,
        config: Box::new(config),
    });
}

fn extension_ids() -> ExtensionIds {
    let mut ids = ExtensionIds::new();
    let kinds = [
        ExtensionKind::Mid,
        ExtensionKind::TransportWideCc,
        ExtensionKind::AbsSendTime,
        ExtensionKind::AudioLevel,
        ExtensionKind::VideoOrientation,
        ExtensionKind::DependencyDescriptor,
        ExtensionKind::ColorSpace,
        ExtensionKind::PlayoutDelay,
        ExtensionKind::VideoTiming,
    ];
    for (kind, id) in kinds.into_iter().zip([1, 2, 3, 4, 14, 16, 5, 6, 255]) {
        ids.set(kind, id).expect("an id in range");
    }
    ids
}
