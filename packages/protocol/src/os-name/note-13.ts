// How real WSUS names operating systems before Windows 10: the table of MS-WUSP, product behaviour note 13, first match
// wins. Columns: major, minor, suite mask (any of these bits), old product type, new product type, system metrics,
// processor architecture (contains), name. `-` matches everything.
export const note13 = `
6|3|-|1|-|-|-|Windows 8.1
6|3|-|-|-|-|-|Windows Server 2012 R2
6|2|-|1|-|-|-|Windows 8
6|2|-|-|-|-|-|Windows Server 2012
6|1|-|-|0x1|-|-|Windows 7 Ultimate Edition
6|1|-|-|0x2|-|-|Windows 7 Home Basic Edition
6|1|-|-|0x3|-|-|Windows 7 Home Premium Edition
6|1|-|-|0x4|-|-|Windows 7 Enterprise
6|1|-|-|0x5|-|-|Windows 7 Home Basic N Edition
6|1|-|-|0x7|-|-|Windows Server 2008 R2
6|1|-|-|0x8|-|-|Windows Server 2008 R2 Datacenter Edition
6|1|-|-|0xa|-|-|Windows Server 2008 R2 Enterprise Edition
6|1|-|-|0xb|-|-|Windows 7 Starter
6|1|-|-|0xc|-|-|Windows Server 2008 R2 Datacenter (Core installation)
6|1|-|-|0xd|-|-|Windows Server 2008 R2 (Core Installation)
6|1|-|-|0xe|-|-|Windows Server 2008 R2 Enterprise (Core Installation)
6|1|-|-|0xf|-|-|Windows Server 2008 R2 for Itanium-Based Systems
6|1|-|-|0x11|-|-|Windows Web Server 2008 R2
6|1|-|-|0x12|-|-|Windows Web Server 2008 R2 HPC Edition
6|1|-|-|0x1a|-|-|Windows 7 Home Premium N
6|1|-|-|0x1b|-|-|Windows 7 Enterprise N
6|1|-|-|0x1c|-|-|Windows 7 Ultimate N
6|1|-|-|0x1d|-|-|Windows Server 2008 R2 (Core Installation)
6|1|-|-|0x24|-|-|Windows Server 2008 R2 Standard without Hyper-V
6|1|-|-|0x25|-|-|Windows Server 2008 R2 Datacenter without Hyper-V
6|1|-|-|0x26|-|-|Windows Server 2008 R2 Enterprise without Hyper-V
6|1|-|-|0x27|-|-|Windows Server 2008 R2 Datacenter without Hyper-V (Core Installation)
6|1|-|-|0x28|-|-|Windows Server 2008 R2 Standard without Hyper-V (Core Installation)
6|1|-|-|0x29|-|-|Windows Server 2008 R2 Enterprise without Hyper-V (Core Installation)
6|1|-|-|0x2a|-|-|Microsoft Hyper-V Server 2008 R2
6|1|-|-|0x2f|-|-|Windows 7 Starter N
6|1|-|-|0x30|-|-|Windows 7 Professional
6|1|-|-|0x31|-|-|Windows 7 Professional N
6|0|-|-|0x6|-|-|Windows Vista Business
6|0|-|-|0x10|-|-|Windows Vista Business N Edition
6|0|-|-|0x12|-|-|Windows Cluster Server Edition
6|0|-|-|0x8|-|-|Windows Server Datacenter Edition Full Installation
6|0|-|-|0xc|-|-|Windows Server Datacenter Edition Core Installation
6|0|-|-|0x4|-|-|Windows Vista Enterprise
6|0|-|-|0xa|-|-|Windows Server Enterprise Edition Full Installation
6|0|-|-|0xe|-|-|Windows Server Enterprise Edition Core Installation
6|0|-|-|0xf|-|-|Windows Server Enterprise Edition For Itanium Based Systems
6|0|-|-|0x2|-|-|Windows Vista Home Basic Edition
6|0|-|-|0x5|-|-|Windows Vista Home Basic N Edition
6|0|-|-|0x3|-|-|Windows Vista Home Premium Edition
6|0|-|-|0x13|-|-|Windows Home Server Edition
6|0|-|-|0x18|-|-|Windows Server For Small Business Edition
6|0|-|-|0x9|-|-|Windows Small Business Server
6|0|-|-|0x19|-|-|Windows Small Business Server Premium Edition
6|0|-|-|0x7|-|-|Windows Server Standard Edition Full Installation
6|0|-|-|0xd|-|-|Windows Server Standard Edition Core Installation
6|0|-|-|0xb|-|-|Windows Vista Starter Edition
6|0|-|-|0x17|-|-|Windows Storage Server Enterprise Edition
6|0|-|-|0x14|-|-|Windows Storage Server Express Edition
6|0|-|-|0x15|-|-|Windows Storage Server Standard Edition
6|0|-|-|0x16|-|-|Windows Storage Server Workgroup Edition
6|0|-|-|0x1|-|-|Windows Vista Ultimate
6|0|-|-|0x11|-|-|Windows Web Server Edition
6|0|-|-|0x1a|-|-|Windows Vista Home Premium N Edition
6|0|-|-|0x1b|-|-|Windows Vista Enterprise N Edition
6|0|-|-|0x1c|-|-|Windows Vista Ultimate N Edition
6|0|-|-|0x1d|-|-|Windows Web Server 2008 Edition (core installation)
6|0|-|-|0x23|-|-|Windows for Essential Server Solutions 2008 without Hyper-V
6|0|-|-|0x24|-|-|Windows Server 2008 Standard without Hyper-V
6|0|-|-|0x25|-|-|Windows Server 2008 Datacenter without Hyper-V
6|0|-|-|0x26|-|-|Windows Server 2008 Enterprise without Hyper-V
6|0|-|-|0x27|-|-|Windows Server 2008 Datacenter without Hyper-V (Core Installation)
6|0|-|-|0x28|-|-|Windows Server 2008 Standard without Hyper-V (Core Installation)
6|0|-|-|0x29|-|-|Windows Server 2008 Enterprise without Hyper-V (Core Installation)
6|0|-|-|0x2a|-|-|Microsoft Hyper-V Server
5|-|0x400|-|-|89|-|Windows Server 2003 R2 Web Edition
5|-|0x400|-|-|-|-|Windows Server 2003 Web Edition
5|-|0x4000|-|-|89|-|Windows Server 2003 R2 Compute Cluster Edition
5|-|0x4000|-|-|-|-|Windows Server 2003 Compute Cluster Edition
5|2|0x80|-|-|89|x86|Windows Server 2003 R2 Datacenter Edition
5|2|0x80|-|-|89|amd64|Windows Server 2003 R2 Datacenter x64 Edition
5|2|0x80|-|-|-|x86|Windows Server 2003 Datacenter Edition
5|2|0x80|-|-|-|amd64|Windows Server 2003 x64 Datacenter Edition
5|2|0x80|-|-|-|ia64|Windows Server 2003 R2 Datacenter Edition for Itanium-based Systems
5|-|0x80|-|-|-|-|Windows 2000 Datacenter Server
5|2|0x2|-|-|89|x86|Windows Server 2003 R2 Enterprise Edition
5|2|0x2|-|-|89|amd64|Windows Server 2003 R2 Enterprise x64 Edition
5|2|0x2|-|-|-|x86|Windows Server 2003 Enterprise Edition
5|2|0x2|-|-|-|amd64|Windows Server 2003 Enterprise x64 Edition
5|2|0x2|-|-|-|ia64|Windows Server 2003 Enterprise Edition Itanium
5|-|0x2|-|-|-|-|Windows 2000 Advanced Server
5|-|0x40|-|-|-|-|Windows XP Embedded
5|-|0x200|-|-|-|-|Windows XP Home Edition
5|-|0x2000|-|-|89|-|Windows Storage Server 2003 R2, Standard Edition
5|-|0x2000|-|-|-|-|Windows Storage Server 2003
5|0|-|1|-|-|-|Windows 2000 Server Professional
5|0|-|>1|-|-|-|Windows 2000 Server
5|1|-|-|-|87|-|Windows XP Media Center Edition
5|1|-|-|-|88|-|Windows XP Starter Edition
5|1|-|-|-|86|-|Windows XP Tablet PC Edition
5|1|-|-|-|-|x86|Windows XP Professional
5|1|-|-|-|-|ia64|Windows XP 64-Bit Edition for Itanium systems
5|2|-|1|-|-|amd64|Windows XP Professional x64 Edition
5|2|-|1|-|-|ia64|Windows XP Professional x64 Edition Version 2003
5|2|-|-|-|89|x86|Windows Server 2003 R2 Standard Edition
5|2|-|-|-|89|amd64|Windows Server 2003 R2 Standard Edition
5|2|-|>1|-|-|x86|Windows Server 2003 Standard Edition
5|2|-|>1|-|-|amd64|Windows Server 2003 Standard x64 Edition
`;
