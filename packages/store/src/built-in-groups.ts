// The two groups that every WSUS has, under the ids that every WSUS gives them (MS-WSUSSS examples).

export const allComputers = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421';
/** Holds the computers that nobody has put into another group. */
export const unassignedComputers = 'b73ca6ed-5727-47f3-84de-015e03f6a88a';
