import { memoryContract } from "../support/memory.contract.ts";

memoryContract(2e9, 600_000);
