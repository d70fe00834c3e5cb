/** `check disk`: whether the file system of a path has room: a share, bytes, and names for new files. */

import { statfs } from 'node:fs/promises';
import { type CheckResult, type Judgement, conclude, judged, unseen } from './result.ts';
import { reasonOf } from '../reason.ts';

export interface Room {
  readonly bytes: number;
  /** For this user: some of what is free is often kept for root. */
  readonly freeBytes: number;
  /** undefined: the file system makes them as they are needed (btrfs, zfs). */
  readonly inodes: number | undefined;
  readonly freeInodes: number;
}

export interface RoomWishes {
  readonly freeShare: number;
  readonly freeBytes: number;
  readonly freeInodesShare: number;
}

const gibibyte = 1024 ** 3;

/** A tenth and a gibibyte: time to do something about it. A disk without inodes is as full as one without bytes. */
export const defaultRoom: RoomWishes = { freeShare: 0.1, freeBytes: gibibyte, freeInodesShare: 0.1 };

/** @throws Error of the file system */
export async function roomAt(path: string): Promise<Room> {
  const { bavail, bsize, blocks, files, ffree } = await statfs(path);
  return { bytes: blocks * bsize, freeBytes: bavail * bsize, inodes: files === 0 ? undefined : files, freeInodes: ffree };
}

export async function checkDisk(path: string, wishes: RoomWishes): Promise<CheckResult> {
  try {
    const room = await roomAt(path);
    const { bytes, freeBytes: free_bytes, inodes, freeInodes } = room;
    return conclude('disk', judgeRoom(room, wishes), {
      bytes,
      free_bytes,
      inodes,
      free_inodes: inodes === undefined ? inodes : freeInodes,
    });
  } catch (error) {
    return conclude('disk', [unseen('file system', reasonOf(error), `of ${path}`, 'Check the path, and that this user may look at it.')]);
  }
}

const next = 'Find what fills it with `du -xh --max-depth=2 PATH`, and remove or move it, before writes fail.';

export function judgeRoom({ bytes, freeBytes, inodes, freeInodes }: Room, wishes: RoomWishes): Judgement[] {
  const share = bytes === 0 ? 0 : freeBytes / bytes;
  const judgements = [
    judged('free', percent(share), `>= ${percent(wishes.freeShare)}`, share >= wishes.freeShare, next),
    judged('free bytes', gib(freeBytes), `>= ${gib(wishes.freeBytes)}`, freeBytes >= wishes.freeBytes, next),
  ];
  if (inodes === undefined) return judgements;
  const free = freeInodes / inodes;
  const many = 'Find the folder with very many files, such as a cache or a mail queue: `du --inodes -x PATH | sort -n | tail`.';
  return [
    ...judgements,
    judged('free inodes', percent(free), `>= ${percent(wishes.freeInodesShare)}`, free >= wishes.freeInodesShare, many),
  ];
}

export function gib(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}

/** Rounded down: 9.99 % is less than 10 %. */
function percent(share: number): string {
  return `${Math.floor(share * 1_000) / 10} %`;
}
