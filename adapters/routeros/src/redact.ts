const secretArgument =
  /^=(password|secret|response|new-password|passphrase|pre-shared-key|private-key|.*-password|.*-secret|.*-key)=/;

/** A sentence as one line for people, with the values of secret arguments replaced. */
export function describeSentence(words: readonly string[]): string {
  return words
    .map((word) => {
      const secret = secretArgument.exec(word);
      return secret === null ? word : `${secret[0]}***`;
    })
    .join(' ');
}
