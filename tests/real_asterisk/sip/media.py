"""The sound of a test call: a UDP port that hears and speaks G.711, and measures of what was heard.

Signalling is sipp's; every RTP packet is sent and captured here, so that a test judges what a person heard.
"""

import socket
import struct
import threading
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE = 8000
PACKET_SAMPLES = 160  # 20 ms
PCMU, TELEPHONE_EVENT = 0, 101
RTP_HEADER = struct.Struct("!BBHII")
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
REBASE_SAMPLES = RATE // 2  # a timestamp this far from the arrival is another timeline, not jitter


@dataclass(frozen=True)
class Packet:
    """One RTP packet and its arrival: seconds of time.monotonic, and UTC epoch seconds."""

    arrived_monotonic: float
    arrived_epoch: float
    sequence: int
    timestamp: int
    source: int
    payload_type: int
    payload: bytes


def kernel_time(notes: list[tuple[int, int, bytes]]) -> float:
    """When the kernel took the packet: a busy machine lets its listener wait, a telephone would not."""
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def parse_packet(datagram: bytes, monotonic: float, epoch: float) -> Packet | None:
    """None for what is not RTP (RTCP, noise)."""
    if len(datagram) < RTP_HEADER.size or datagram[0] >> 6 != 2 or 64 <= datagram[1] & 0x7F <= 95:
        return None
    first, marked_type, sequence, timestamp, source = RTP_HEADER.unpack_from(datagram)
    payload = datagram[RTP_HEADER.size + 4 * (first & 0x0F) :]
    return Packet(monotonic, epoch, sequence, timestamp, source, marked_type & 0x7F, payload)


def _ulaw_table() -> Samples:
    codes = ~np.arange(256, dtype=np.uint8)
    magnitude = (((codes & 0x0F).astype(np.int32) << 3) + 0x84) << ((codes & 0x70) >> 4)
    signed = np.where(codes & 0x80, 0x84 - magnitude, magnitude - 0x84)
    return signed.astype(np.int16)


def decode_ulaw(payload: bytes) -> Samples:
    return _ulaw_table()[np.frombuffer(payload, dtype=np.uint8)]


def encode_ulaw(samples: Samples) -> bytes:
    """The nearest code of each sample."""
    table = _ulaw_table().astype(np.int32)
    order = np.argsort(table, kind="stable")
    midpoints = (table[order][1:] + table[order][:-1]) / 2
    return bytes(order[np.searchsorted(midpoints, samples)].astype(np.uint8))


def tone(hz: float, seconds: float, level: int = 8000) -> Samples:
    moments = np.arange(int(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * hz * moments)).astype(np.int16)


def melody(seed: int, seconds: float) -> Samples:
    """A tune that matches nothing but itself."""
    pitch = np.random.default_rng(seed)
    return np.concatenate([tone(float(pitch.integers(300, 2500)), 0.1) for _ in range(round(seconds * 10))])


def read_wav(path: Path) -> Samples:
    """8 kHz mono 16-bit only: that is what telephone prompts are."""
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if shape != (RATE, 1, 2):
            raise ValueError(f"{path}: expected 8000 Hz mono 16-bit, got {shape}")
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setframerate(RATE)
        file.setnchannels(1)
        file.setsampwidth(2)
        file.writeframes(samples.astype("<i2").tobytes())


def correlation(captured: Samples, reference: Samples) -> tuple[float, float]:
    """(peak normalised correlation 0..1, seconds into `captured` at which `reference` begins)."""
    if not captured.any() or not reference.any():
        return 0.0, 0.0
    heard = np.concatenate([captured, np.zeros(reference.size, np.int16)]).astype(np.float64)
    wanted = reference.astype(np.float64)
    size = 1 << (heard.size + wanted.size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size)), size)[
        : captured.size
    ]
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    local = energy[wanted.size : wanted.size + captured.size] - energy[: captured.size]
    floor = 1e-6 * float(local.max()) + 1.0  # windows of silence would divide by nothing
    score = product / np.sqrt(np.maximum(local, floor) * float((wanted**2).sum()))
    best = int(np.argmax(score))
    return float(min(max(score[best], 0.0), 1.0)), best / RATE


def tone_share(audio: Samples, hz: float) -> float:
    """The share 0..1 of the sound's energy that lies within 25 Hz of `hz`."""
    if audio.size < PACKET_SAMPLES or not audio.any():
        return 0.0
    power = np.abs(np.fft.rfft(audio * np.hanning(audio.size))) ** 2
    frequencies = np.fft.rfftfreq(audio.size, 1 / RATE)
    near = power[np.abs(frequencies - hz) <= 25].sum()
    return float(near / power[frequencies > 10].sum())


class MediaPort:
    """A bound UDP port on 127.0.0.1 that captures all RTP and can speak; use as a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(0.1)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.port: int = self._socket.getsockname()[1]
        self.packets: list[Packet] = []
        self._far: tuple[str, int] | None = None
        self._sequence = 0  # one stream for the port's life: a second start at 0 would look like old packets
        self._stamp = 0
        self._heard = threading.Event()
        self._closing = threading.Event()
        self._quiet = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._speaker: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._heard.set()
        self.stop_speaking()
        self._listener.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                datagram, notes, _, address = self._socket.recvmsg(4096, 64)
            except (TimeoutError, ConnectionError):
                continue
            arrived = kernel_time(notes)
            packet = parse_packet(datagram, time.monotonic() - (time.time() - arrived), arrived)
            if packet is not None:
                self._far = address
                self.packets.append(packet)
                self._heard.set()

    # ---- speaking

    def speak(self, samples: Samples, *, to: int | None = None) -> None:
        """Sends `samples` once, from a thread; waits for the first packet heard when `to` is not given."""
        self._start(encode_ulaw(samples), repeat=False, to=to)

    def send_tone(self, hz: float, *, to: int | None = None) -> None:
        """Sends a tone until stop_speaking; a whole `hz` joins its seconds without a click."""
        self._start(encode_ulaw(tone(hz, 1.0)), repeat=True, to=to)

    def stop_speaking(self) -> None:
        self._quiet.set()
        if self._speaker is not None:
            self._speaker.join()
        self._quiet.clear()
        self._speaker = None

    def press(self, digits: str, *, to: int | None = None) -> None:
        """Presses the keys (RFC 4733), 100 ms each and 100 ms apart; returns when all are sent."""
        self.stop_speaking()
        far = self._far_address(to)
        if far is None:
            raise RuntimeError("nothing was heard yet, so there is no address to press keys at")
        for digit in digits:
            code = "0123456789*#ABCD".index(digit)
            for step in range(1, 8):
                end = 0x80 if step >= 5 else 0  # the end is said three times
                event = struct.pack("!BBH", code, end | 10, min(step, 5) * PACKET_SAMPLES)
                self._send(event, TELEPHONE_EVENT | (0x80 if step == 1 else 0), far)
                time.sleep(0.02)
            time.sleep(0.1)
            self._stamp += 12 * PACKET_SAMPLES

    def _start(self, payload: bytes, *, repeat: bool, to: int | None) -> None:
        self.stop_speaking()
        self._speaker = threading.Thread(target=self._speak, args=(payload, repeat, to), daemon=True)
        self._speaker.start()

    def _far_address(self, to: int | None) -> tuple[str, int] | None:
        return ("127.0.0.1", to) if to is not None else self._far

    def _speak(self, payload: bytes, repeat: bool, to: int | None) -> None:
        while to is None and not self._heard.wait(0.05) and not self._quiet.is_set():
            pass
        began, sent = time.monotonic(), 0
        total = len(payload) // PACKET_SAMPLES
        while not self._quiet.is_set() and (repeat or sent < total):
            far = self._far_address(to)
            if far is None:
                return
            at = (sent % total) * PACKET_SAMPLES
            self._send(payload[at : at + PACKET_SAMPLES], PCMU, far)
            sent += 1
            self._stamp += PACKET_SAMPLES
            self._quiet.wait(max(0.0, began + sent * 0.02 - time.monotonic()))

    def _send(self, payload: bytes, kind: int, far: tuple[str, int]) -> None:
        sequence, stamp, source = self._sequence & 0xFFFF, self._stamp & 0xFFFFFFFF, 0x5A5A0000 | self.port
        self._sequence += 1
        self._socket.sendto(RTP_HEADER.pack(0x80, kind, sequence, stamp, source) + payload, far)

    # ---- what was heard

    @property
    def first_packet_at(self) -> float | None:
        """UTC epoch seconds of the first packet captured."""
        return self.packets[0].arrived_epoch if self.packets else None

    def heard_between(self, since_epoch: float, until_epoch: float = float("inf")) -> list[Packet]:
        return [packet for packet in list(self.packets) if since_epoch <= packet.arrived_epoch < until_epoch]

    def audio(self, since_epoch: float = 0.0, until_epoch: float = float("inf")) -> Samples:
        """What arrived in that time, on the RTP timeline; sample 0 is the first packet's first sample."""
        return lay_out(self.heard_between(since_epoch, until_epoch))


def lay_out(packets: list[Packet]) -> Samples:
    """Places each packet by its timestamp, a new source or a jump by its arrival; gaps are silence."""
    placed: list[tuple[int, Samples]] = []
    source, base = None, 0
    for packet in packets:
        if packet.payload_type != PCMU:
            continue
        arrival = round((packet.arrived_monotonic - packets[0].arrived_monotonic) * RATE)
        position = base + packet.timestamp
        if packet.source != source or abs(position - arrival) > REBASE_SAMPLES:
            source, base, position = packet.source, arrival - packet.timestamp, arrival
        placed.append((position, decode_ulaw(packet.payload)))
    start = min((at for at, _ in placed), default=0)
    sound = np.zeros(max((at - start + part.size for at, part in placed), default=0), np.int16)
    for at, part in placed:
        sound[at - start : at - start + part.size] = part
    return sound
