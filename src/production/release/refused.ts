/** What a supervisor does not do, and that there is none. */

/** What was asked for cannot be done; its text is for the person who asked. */
export class Refused extends Error {
  readonly next: string;

  constructor(message: string, next: string) {
    super(message);
    this.name = 'Refused';
    this.next = next;
  }
}

/** Nobody listens there. */
export class NotRunning extends Error {
  constructor() {
    super('nobody answers on its socket');
    this.name = 'NotRunning';
  }
}
